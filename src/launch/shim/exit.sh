# Waits for the end of a task and then runs its exit command, in the sandbox of "run"'s
# caller, as the task was. It is put into a cgroup that is frozen: it does nothing until
# somebody thaws that, which is the release agent, when the task has ended. The command
# itself is in the environment: whoever can write it there can do anything.
#   $1 descriptors that could not be closed    $2 the directory of this run
#   $3 what is there if the command must not be run
#   $4 what to set oom_score_adj to, or "" to leave it
exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
unset lanco_text
# shellcheck disable=SC2154 # it is in the environment
lanco_text=$lanco_script lanco_mark=$3
unset lanco_script
# What cannot be set is refused by the child.
[ -z "$4" ] || { echo "$4" >/proc/self/oom_score_adj; } 2>/dev/null
# Before it sleeps, for the record may be another run's by then.
exec 3<"$2/ended" 5>/dev/null
echo ready
# The end of the input before one of the last words says that there is no task to wait for.
while read -r lanco_word lanco_cgroup lanco_run; do
  case $lanco_word in
  # The log is what the task has opened, whatever has its name in the end.
  log) exec 5>>"$lanco_cgroup" && echo opened ;;
  *) break ;;
  esac
done
[ -n "$lanco_word" ] || exec /bin/rmdir "$lanco_mark"
exec </dev/null >/dev/null
# Where there is no freezer, it looks whether that run is over.
while [ "$lanco_word" = watch ] && [ "$(stat -c %i "$lanco_cgroup" 2>/dev/null)" = "$lanco_run" ]; do sleep 1; done
# The task did not begin, or "release -n" was asked for.
[ ! -d "$lanco_mark" ] || exec /bin/rmdir "$lanco_mark"
read -r LANCO_STATUS <&3
# The command may calculate with it.
case $LANCO_STATUS in '' | ????* | *[!0-9]*) LANCO_STATUS=unknown ;; esac
export LANCO_STATUS
exec >&5 2>&1 3<&- 5>&-
set --
eval "$lanco_text"
