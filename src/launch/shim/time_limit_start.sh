# The beginning of the shell that keeps the time limit of a run: "run" starts it, moves it into a
# cgroup of its own, and then tells it what to do. It then executes a new shell, without the
# variables of its caller and without what was needed to close their descriptors.
#   $1 this text    $2 descriptors that could not be closed    $3 the text of time_limit.sh
exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
lanco_text=$3
trap - PIPE
echo ready
# It sends the cgroup of the task, the file and the id of the run, the time that the task has, in
# seconds, and the words for that text from its third on.
read -r lanco_cgroup lanco_file lanco_run lanco_words || exit 0
exec 3<&0 </dev/null
CDPATH='' cd -- "$lanco_cgroup" || exit 1
# The file is known by its first line, the id of the run: another process may have put another
# file in its place. By the descriptor's path none is made where a link leads.
exec 5<"$lanco_file"
lanco_path=/proc/self/fd/5
[ -e "$lanco_path" ] || lanco_path=$lanco_file
exec 4<>"$lanco_path" 5<&-
read -r lanco_line <&4
[ "$lanco_line" = "$lanco_run" ] || exit 1
echo armed
exec >/dev/null 2>&1
# The text is not parsed before it is needed, which takes memory. It is so whatever ends the shell:
# flock(1) has ended, or could not be started; bash waits by itself. At the shutdown of the host
# systemd sends a signal.
# shellcheck disable=SC2016 # the new shells evaluate them
lanco_wait='read -r lanco_up lanco_rest </proc/uptime
trap "trap - EXIT; exit 0" HUP INT QUIT TERM
lanco_seconds=$1
shift
trap '\''exec /bin/sh -c "eval \"\$lanco_text\"" lanco-time "$?" "${lanco_up:--}" "$@"'\'' EXIT
if [ -n "${BASH_VERSION-}" ]; then
  read -r -t "$lanco_seconds" lanco_rest <&3
  [ "$?" -le 128 ]
else
  /usr/bin/env -i /usr/bin/flock -w "$lanco_seconds" 3
fi'
# shellcheck disable=SC2086 # words
exec /usr/bin/env -i lanco_text="$lanco_text" /bin/sh -c "$lanco_wait" lanco-time $lanco_words
