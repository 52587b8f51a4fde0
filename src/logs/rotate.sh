# Rotates the log $1 and keeps $2 old ones, as rotation.ts does: this shell may write where the
# executable may not.
log=$1 keep=$2
if [ -h "$log" ]; then
  echo "it is a symbolic link" >&2
  exit 1
fi
if [ ! -f "$log" ] || [ ! -w "${log%/*}/" ]; then exit 0; fi
last=1
while [ "$last" -lt "$keep" ] && [ -e "$log.$last" ]; do last=$((last + 1)); done
while [ "$last" -gt 1 ]; do
  mv -fT -- "$log.$((last - 1))" "$log.$last" || exit
  last=$((last - 1))
done
case $keep in
0) rm -f -- "$log" ;;
*) mv -fT -- "$log" "$log.1" ;;
esac || exit
extra=$((keep + 1))
while [ -e "$log.$extra" ]; do
  rm -f -- "$log.$extra" || exit
  extra=$((extra + 1))
done
