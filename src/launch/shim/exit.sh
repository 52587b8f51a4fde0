# Waits for the end of a task and then runs its exit command, in the sandbox of "run"'s
# caller, as the task was. It is put into a cgroup that is frozen: it does nothing until
# somebody thaws that, which is the release agent, when the task has ended.
#   $1 descriptors that could not be closed    $2 the directory of this run
exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cd -- "$2" || exit
# Before it sleeps, for the record may be another run's by then.
exec 3<ended 4<exit-command
echo ready
exec >/dev/null
# The end of the input before a word says that there was no task to wait for.
read -r lanco_word lanco_cgroup lanco_run || exit
exec </dev/null
# Where there is no freezer, it looks whether that run is over.
while [ "$lanco_word" = watch ] && [ "$(stat -c %i "$lanco_cgroup" 2>/dev/null)" = "$lanco_run" ]; do sleep 1; done
lanco_script=$(/bin/cat <&4)
# It is emptied if the task did not begin, or by "release -n".
[ -n "$lanco_script" ] || exit
/bin/rm -f exit-command
read -r LANCO_STATUS <&3 && [ -n "$LANCO_STATUS" ] || LANCO_STATUS=unknown
export LANCO_STATUS
exec 3<&- 4<&-
set --
eval "$lanco_script"
