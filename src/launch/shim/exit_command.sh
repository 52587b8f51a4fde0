# Waits for the end of a task and then runs its exit command, in the sandbox of "run"'s
# caller, as the task was. It is put into a cgroup that is frozen: it does nothing until
# somebody thaws that, which is the release agent, when the task has ended. The command
# itself is in the environment: whoever can write it there can do anything.
#   $1 descriptors that could not be closed
#   $2 what to set oom_score_adj to, or "" to leave it
exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
unset lanco_text
# shellcheck disable=SC2154 # it is in the environment
lanco_text=$lanco_script lanco_run=''
unset lanco_script
# What cannot be set is refused by the child.
[ -z "$2" ] || { echo "$2" >/proc/self/oom_score_adj; } 2>/dev/null
exec 5>/dev/null
echo ready
# The end of the input before one of the last words says that there is no task to wait for.
while read -r lanco_word lanco_cgroup lanco_inode; do
  case $lanco_word in
  # It is open before this sleeps, whatever becomes of the record meanwhile.
  run) lanco_run=$lanco_cgroup && exec 3<"$lanco_run/status" && echo opened ;;
  # The log is what the task has opened, whatever has its name in the end.
  log) exec 5>>"$lanco_cgroup" && echo opened ;;
  *) break ;;
  esac
done
[ -n "$lanco_word" ] || exit 0
exec </dev/null >/dev/null
# Where there is no freezer, it looks whether that run is over.
while [ "$lanco_word" = watch ] && [ "$(stat -c %i "$lanco_cgroup" 2>/dev/null)" = "$lanco_inode" ]; do sleep 1; done
# The command was not executed, or "release -n" was asked for.
{
  read -r lanco_id
  read -r lanco_executed
  # shellcheck disable=SC2034 # the last is for nobody
  read -r lanco_word LANCO_STATUS lanco_rest
} <&3
case ${lanco_run##*/}:$lanco_executed:$lanco_word in "$lanco_id-$LANCO_TASK:"*:failed | "$lanco_id-$LANCO_TASK::") exit 0 ;; esac
[ ! -e "$lanco_run/no-exit" ] || exit 0
# The command may calculate with it.
case $LANCO_STATUS in '' | ????* | *[!0-9]*) LANCO_STATUS=unknown ;; esac
export LANCO_STATUS
exec >&5 2>&1 3<&- 5>&-
set --
eval "$lanco_text"
