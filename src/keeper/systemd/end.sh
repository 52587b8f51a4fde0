# shellcheck disable=SC2154 # what "run" has sent
# What a shim does at the end of a run where systemd keeps the namespace, without a release agent.
# It has where the task is: lanco_unified is the namespace's cgroup, and lanco_lock the file that is
# locked by who removes the task's, in the namespace's "locks"; lanco_inode is the inode of the
# task's, and lanco_run the directory of the run, which is gone if its command was not executed.

# Whether a process is in the cgroup that is the working directory, or below.
lanco_is_populated() {
  while read -r lanco_key lanco_value; do
    [ "$lanco_key" != populated ] || { [ "$lanco_value" = 1 ] && return; }
  done <cgroup.events
  return 1
}

# Writes the counters of the run to the directory "usage": for each line of a counter's file the
# name of the file, and that line. With -C nothing is written where a link leads.
lanco_keep_counters() {
  lanco_used=''
  # shellcheck disable=SC2043 # systemd.ts puts a list there
  for lanco_file in @COUNTERS@; do
    [ ! -e "$lanco_file" ] || while read -r lanco_line; do
      lanco_used="$lanco_used$lanco_file $lanco_line
"
    done <"$lanco_file"
  done
  umask 022
  set -C
  printf %s "$lanco_used" >"${lanco_lock%/locks/*}/usage/$lanco_inode-$LANCO_TASK"
  set +C
}

# lanco_reap COMMAND: removes the cgroup that is the working directory, unless it is gone or
# somebody has entered it; executes the command before. With the lock nobody else gives the name to
# another run meanwhile.
lanco_reap() {
  [ -e cgroup.events ] || return
  { command exec 8>>"$lanco_lock"; } && /usr/bin/flock 8 || return
  lanco_is_populated || [ ! -e cgroup.events ] || {
    if [ -e "$lanco_run" ]; then
      lanco_keep_counters
    else
      # They are empty if "run" was killed before it has moved the exit command and the like there.
      /bin/rmdir "../exit-$lanco_inode-$LANCO_TASK" "../exit-T$lanco_inode-$LANCO_TASK"
    fi
    "$@"
    /bin/rmdir "../shims/task-$LANCO_TASK" "../task-$LANCO_TASK" ||
      /usr/bin/find "../task-$LANCO_TASK" -depth -type d -delete
  }
  exec 8>&-
}

# Leaves the cgroup that says that the task runs.
lanco_leave() {
  echo 0 >../shims/cgroup.procs
}

# Waits for the end of the processes that are in the cgroup itself, where there is waitpid(1) of
# util-linux 2.39, and at most a minute, for they may leave it.
lanco_wait_for_these() {
  [ -x /usr/bin/waitpid ] || return
  set --
  # A process of another PID namespace has the number 0.
  while read -r lanco_pid; do [ "$lanco_pid" = 0 ] || set -- "$@" "$lanco_pid"; done <cgroup.procs
  [ $# = 0 ] || /usr/bin/waitpid --exited --timeout 60 "$@"
}

# Waits for the end of the processes that the task's first one has left: it looks for them less and
# less often.
lanco_until_empty() {
  lanco_waited=0
  while lanco_is_populated; do
    lanco_wait_for_these
    lanco_is_populated || return
    lanco_pause=$((1 + lanco_waited / 5))
    [ "$lanco_pause" -le 60 ] || lanco_pause=60
    /bin/sleep "$lanco_pause"
    lanco_waited=$((lanco_waited + lanco_pause))
  done
}

lanco_await_orphans() {
  exec </dev/null >/dev/null 3<&- 4>&- 6>&- 7>&- 8>&- 9>&-
  trap : HUP INT QUIT TERM
  lanco_until_empty
  lanco_reap :
}

# As long as the shim is in its cgroup beside that of the task, the task counts as running.
lanco_end() {
  CDPATH='' cd -- "$lanco_unified/task-$LANCO_TASK" || return
  if lanco_is_populated; then
    lanco_leave
    lanco_await_orphans &
  else
    lanco_reap lanco_leave
  fi
}

# Sets lanco_path to the cgroup of this shell. A sandbox may hide /proc.
lanco_find_own() {
  while IFS=: read -r lanco_key lanco_value lanco_path; do
    [ "$lanco_key" != 0 ] || return 0
  done </proc/self/cgroup
  return 1
}

# The end of a shim whose child was not started: if the task was registered, the shim is in its cgroup
# beside that of the task.
lanco_give_up() {
  lanco_find_own || return
  case $lanco_path in */shims/"task-$LANCO_TASK") ;; *) return ;; esac
  CDPATH='' cd -- "$lanco_unified/task-$LANCO_TASK" || return
  lanco_run=''
  lanco_reap lanco_leave
}
