# Started by "run" with the caller's environment and descriptors.
#   $1 the text of the shim, $2... its arguments
# dash can name the descriptors 0 to 9 only: bash closes those above.
lanco_high=
for lanco_fd in /proc/self/fd/??*; do
  [ ! -e "$lanco_fd" ] || lanco_high="$lanco_high ${lanco_fd##*/}>&-"
done
lanco_shim=$1
shift
if [ -n "$lanco_high" ] && command -v bash >/dev/null; then
  # What bash executes itself it does not give "_".
  # shellcheck disable=SC3028 # it is the caller's variable
  exec bash -c "exec $lanco_high; exec \"\$@\"" bash /usr/bin/env ${_+"_=$_"} \
    /bin/sh -c "$lanco_shim" lanco "" "$@"
fi
set -- "$lanco_high" "$@"
eval "$lanco_shim"
