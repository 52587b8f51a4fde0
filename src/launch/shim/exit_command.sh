# Waits for the end of a task and then runs its exit command, in the sandbox of the caller of
# "run", as the task was. "run" moves this shell into a frozen cgroup, in which it sleeps until
# the release agent thaws that cgroup at the end of the task. The text of the exit command is in
# the variable lanco_script, not in a file or an argument: no other process of the owner can
# change it there.
#   $1 this text    $2 descriptors that could not be closed
#   $3 new oom_score_adj, or "" to leave it
#   $4 where the task will be: see end.sh
exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
unset lanco_text
# shellcheck disable=SC2154 # it is in the environment
lanco_text=$lanco_script lanco_run='' lanco_own='' lanco_timed=''
# shellcheck disable=SC2034 # lanco_lock is for lanco_reap: see end.sh
lanco_unified=${4% *} lanco_lock=${4#* } lanco_path=''
unset lanco_script
# A failure is ignored, for the child of the shim fails in the same way and reports it.
[ -z "$3" ] || { echo "$3" >/proc/self/oom_score_adj; } 2>/dev/null
exec 5>/dev/null
echo ready
# "run" sends "run" and "log", and at last "go", "watch" or "hold". If the input ends before one of
# the last three, no task was started, and there is nothing to wait for.
while read -r lanco_word lanco_cgroup lanco_inode lanco_rest; do
  case $lanco_word in
  # The status is opened before the shell sleeps, so that it can be read even if the record of
  # the run is removed meanwhile. The cgroup of the task is entered here, before the run can end:
  # later that of the next run may have its name.
  run)
    lanco_run=$lanco_cgroup
    [ -z "$lanco_unified" ] || CDPATH='' cd -- "$lanco_unified/task-$LANCO_TASK" || cd /
    [ ! -f "$lanco_run/timeout" ] || { exec 4<"$lanco_run/timeout" && lanco_timed=yes; }
    exec 3<"$lanco_run/status" && echo opened
    ;;
  # The path is that of the task's own descriptor: later the log's name may lead to another file.
  log) exec 5>>"$lanco_cgroup" && echo opened ;;
  *) break ;;
  esac
done
exec >/dev/null

# Ends the shell, and removes its cgroup where there is no release agent.
leave() {
  trap - EXIT
  [ -z "$lanco_own" ] || { echo 0 >"$lanco_unified/shims/cgroup.procs" && exec /bin/rmdir "$lanco_own"; } 2>/dev/null
  exit 0
}

if [ -z "$lanco_word" ]; then
  [ -z "$lanco_unified" ] || ! lanco_find_own 2>/dev/null || case $lanco_path in
  */exit-*) lanco_own=$lanco_unified/${lanco_path##*/} ;;
  esac
  leave
fi

# Where systemd keeps the namespace the shim has the other end of this shell's standard input open:
# the run is over when the shim has ended, or was killed, and the task's cgroup is empty. At a
# shutdown of the host systemd sends a signal to this shell, too.
if [ "$lanco_word" = hold ]; then
  # shellcheck disable=SC2034 # lanco_inode and lanco_lock are for lanco_reap: see end.sh
  lanco_own=$lanco_cgroup lanco_signal=yes
  trap 'lanco_signal=yes' HUP INT QUIT TERM
  while [ -n "$lanco_signal" ]; do
    lanco_signal=''
    while read -r lanco_rest; do :; done
  done
  lanco_until_empty
  lanco_reap :
fi
exec </dev/null
# Without a freezer the shell polls: the run is over when its cgroup is gone or has another inode.
while [ "$lanco_word" = watch ] && [ "$(stat -c %i "$lanco_cgroup" 2>/dev/null)" = "$lanco_inode" ]; do sleep 1; done
# The exit command is not run if the task's command was not executed, or after "release -n". It is
# run if another process has written into the record, which then tells nothing.
{
  read -r lanco_id
  read -r lanco_executed
  # shellcheck disable=SC2034 # lanco_rest takes the fields that are not needed
  read -r lanco_word LANCO_STATUS lanco_rest
} <&3
case ${lanco_run##*/}:$lanco_executed:$lanco_word in
"$lanco_id-$LANCO_TASK:"*:failed) leave ;;
"$lanco_id-$LANCO_TASK:executed:"* | "$lanco_id-$LANCO_TASK:executed "*) ;;
"$lanco_id-$LANCO_TASK:"*) leave ;;
esac
[ ! -e "$lanco_run/no-exit" ] || leave
# The exit command may use LANCO_STATUS in shell arithmetic, which evaluates what it is given.
case $LANCO_STATUS in '' | ????* | *[!0-9]*) LANCO_STATUS=unknown ;; esac
if [ -n "$lanco_timed" ] && read -r lanco_id <&4 && read -r lanco_word lanco_rest <&4; then
  case $lanco_word:$lanco_rest in timed:out*) LANCO_STATUS='timed out' ;; esac
fi
export LANCO_STATUS
exec >&5 2>&1 3<&- 4<&- 5>&-
set --
if [ -n "$lanco_own" ]; then
  trap - HUP INT QUIT TERM
  trap leave EXIT
fi
eval "$lanco_text"
