# Started by "run" with the caller's environment and descriptors: closes the descriptors from 10
# on and evaluates the script $1.
#   $1 the text of a script, $2... its arguments
# dash can name the descriptors 0 to 9 only: bash closes the others, if it is installed.
lanco_high=
for lanco_fd in /proc/self/fd/??*; do
  [ ! -e "$lanco_fd" ] || lanco_high="$lanco_high ${lanco_fd##*/}>&-"
done
lanco_shim=$1
shift
if [ -n "$lanco_high" ] && command -v bash >/dev/null; then
  # bash sets "_" for the command that it executes: env(1) sets it back to the caller's.
  # shellcheck disable=SC3028 # it is the caller's variable
  exec bash -c "exec $lanco_high; exec \"\$@\"" bash /usr/bin/env ${_+"_=$_"} \
    /bin/sh -c "$lanco_shim" lanco "" "$@"
fi
set -- "$lanco_high" "$@"
eval "$lanco_shim"
