# Reads the log $1, which lies where only a shell of the user's may read. Says on
# standard error what it has opened, by inode and owner. With each line that comes in it
# does as it is told, and then says "ready", and how many bytes it has shown.
#   last N    shows the last lines
#   skip      shows none of what there is
#   more      shows what follows
#   rewind    goes back to the beginning
PATH=/usr/bin:/bin
{ exec 3<"$1"; } 2>/dev/null || exit 1
stat -Lc 'opened %i %u' /proc/self/fd/3 >&2
place() {
  while read -r key place; do
    case $key in pos:) break ;; esac
  done </proc/self/fdinfo/3
}
while read -r order number; do
  place
  begin=$place
  case $order in
  last)
    begin=$(tail -n "$number" <&3 | wc -c)
    place
    begin=$((place - begin))
    exec 3</proc/self/fd/3
    tail -c "+$((begin + 1))" <&3
    ;;
  skip) cat <&3 >/dev/null ;;
  more) cat <&3 ;;
  rewind) exec 3</proc/self/fd/3 ;;
  esac 2>/dev/null
  place
  case $order in
  last | more) echo "ready $((place - begin))" ;;
  *) echo "ready 0" ;;
  esac >&2
done
