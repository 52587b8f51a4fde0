# Started by "run" with the caller's environment and descriptors: closes the descriptors from 10
# on and evaluates the script $2.
#   $1 this text    $2 the text of a script    $3... its arguments
# The script gets its own text as $1, and as $2 the descriptors that could not be closed. The shell's
# name, $0, tells other processes what it is for: see launch_shells.ts.
# dash can name the descriptors 0 to 9 only: bash closes the others, if it is installed.
lanco_high=
for lanco_fd in /proc/self/fd/??*; do
  [ ! -e "$lanco_fd" ] || lanco_high="$lanco_high ${lanco_fd##*/}>&-"
done
lanco_text=$2
shift 2
if [ -n "$lanco_high" ] && command -v bash >/dev/null; then
  # bash sets "_" for the command that it executes: env(1) sets it back to the caller's.
  # shellcheck disable=SC2016,SC3028 # the shell evaluates its own argument; "_" is the caller's
  exec bash -c "exec $lanco_high; exec \"\$@\"" bash /usr/bin/env ${_+"_=$_"} \
    /bin/sh -c 'eval "$1"' "$0" "$lanco_text" "" "$@"
fi
set -- "$lanco_text" "$lanco_high" "$@"
lanco_text=''
eval "$1"
