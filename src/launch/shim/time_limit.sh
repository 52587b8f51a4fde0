# Keeps the time limit of a run: waits until the time is over, then has the task and all that it
# has started end. It needs nobody: neither "run" nor the shim need be there. While it waits it has
# one child, flock(1): the shim has a lock on the pipe at descriptor 3 until it ends, so that
# flock(1) tells which comes first, the end of the shim or that of the time. Both clocks that are
# used, that of flock(1) and the time since boot, stay what they are when somebody sets the time.
# For most of the time there is only the small shell of time_limit_start.sh, which then executes
# this text; its variable lanco_text is the only one of the environment.
# The working directory is the cgroup of the task: once that is gone, nothing can be read or
# written there, even if a later run has a cgroup of the same name. Descriptor 4 is the file
# "timeout" of the run.
#   $1 how the wait before has ended: the status of flock(1) or of the shell
#   $2 the time since boot at the beginning, in seconds with two decimals, or -
#   $3 the time from then on, in hundredths of a second
#   $4 the time from the signal to the kill    $5 the number of the signal
#   $6 the command's process, if the signal goes to it alone, or 0
#   $7 its start time, or -
#   $8 "shim" as long as the shim is there, or -
#   $9 what it does: "wait" for the end of the time, or "end" the task
#   ${10} the cgroup to leave and to remove at the end, or -: with a release agent
# shellcheck disable=SC2317 # functions that others call
lanco_before=$1 lanco_begin=$2 lanco_length=$3 lanco_patience=$4 lanco_number=$5 lanco_main=$6
lanco_start=$7 lanco_shim=$8 lanco_what=$9
shift 9
lanco_own=$1 lanco_hard=- lanco_waited=0 lanco_begun=''
exec 2>/dev/null

# hundredths SECONDS: sets lanco_hundredths. To the shell a number that begins with 0 is octal.
hundredths() {
  lanco_hundredths=${1%.*}${1#*.}
  lanco_hundredths=${lanco_hundredths#"${lanco_hundredths%%[!0]*}"}
  lanco_hundredths=${lanco_hundredths:-0}
}

# Prints the start time of a process: a sandbox may hide /proc/uptime. It has the same precision.
start_of() {
  read -r lanco_stat <"/proc/$1/stat"
  # shellcheck disable=SC2086 # its fields
  set -- ${lanco_stat##*) }
  echo "${20}"
}

# Sets lanco_now to the time since boot in hundredths of a second.
look_at_clock() {
  # shellcheck disable=SC2034 # lanco_rest takes the field that is not needed
  if read -r lanco_now lanco_rest </proc/uptime; then
    hundredths "$lanco_now"
    lanco_now=$lanco_hundredths
  else
    lanco_now=$(start_of self)
  fi
}

# each FUNCTION DIRECTORY: calls a function with a cgroup and each one below it.
each() {
  "$1" "$2"
  for lanco_below in "$2"/*/ "$2"/.[!.]*/ "$2"/..?*/; do
    [ ! -d "$lanco_below" ] || each "$1" "${lanco_below%/}"
  done
}

add_members() {
  while read -r lanco_pid; do [ "$lanco_pid" = 0 ] || lanco_members="$lanco_members $lanco_pid"; done <"$1/cgroup.procs"
}

# Whether the run goes on.
is_populated() {
  if [ -e cgroup.events ]; then
    while read -r lanco_key lanco_value; do [ "$lanco_key $lanco_value" != "populated 1" ] || return 0; done <cgroup.events
    return 1
  fi
  lanco_members=''
  each add_members .
  [ -n "$lanco_members" ]
}

# Stops all processes of the task, so that none of them can fork: waits a little until they have.
freeze() {
  lanco_looks=0
  if [ -e cgroup.freeze ]; then
    echo 1 >cgroup.freeze
    until grep_line "frozen 1" cgroup.events || [ "$lanco_looks" = 3000 ]; do lanco_looks=$((lanco_looks + 1)); done
  elif [ -e freezer.state ]; then
    echo FROZEN >freezer.state
    until grep_line FROZEN freezer.state || [ "$lanco_looks" = 3000 ]; do lanco_looks=$((lanco_looks + 1)); done
  fi
}

# Whether the file $2 has the line $1.
grep_line() {
  while read -r lanco_line; do [ "$lanco_line" != "$1" ] || return 0; done <"$2"
  return 1
}

is_frozen() {
  grep_line 1 cgroup.freeze || grep_line FROZEN freezer.state
}

# A task may have frozen a cgroup of its own.
thaw_one() {
  if [ -e "$1/cgroup.freeze" ]; then echo 0 >"$1/cgroup.freeze"; elif [ -e "$1/freezer.state" ]; then echo THAWED >"$1/freezer.state"; fi
}

# Ends this shell, for the run is over.
over() {
  trap - EXIT
  [ "$lanco_own" = - ] || { cd "$lanco_own" && echo 0 >../shims/cgroup.procs && exec /bin/rmdir "$lanco_own"; }
  exit 0
}

# If no process can be started, the shell ends: it begins again.
again() {
  lanco_before=$?
  exec /bin/sh -c 'eval "$lanco_text"' lanco-time "$lanco_before" "$lanco_begin" "$lanco_length" \
    "$lanco_patience" "$lanco_number" "$lanco_main" "$lanco_start" "$lanco_shim" "$lanco_what" "$lanco_own"
}

# start_wait HUNDREDTHS: starts a process that ends after this time, or when the shim ends. If
# that has ended the wait is shorter: the processes that are left are looked for less and less often.
# bash needs no process: it can wait for its input, which it would have to open for writing once
# the shim has ended; and it tries for 15 seconds to start one before it gives up.
start_wait() {
  lanco_wait=$1
  if [ "$lanco_shim" = shim ]; then
    [ -z "${BASH_VERSION-}" ] || return 0
    /usr/bin/flock -w "$((lanco_wait / 100)).$((lanco_wait / 10 % 10))$((lanco_wait % 10))" 3 </dev/null &
    return
  fi
  lanco_pause=$((100 + lanco_waited / 5))
  [ "$lanco_pause" -le 6000 ] || lanco_pause=6000
  [ "$lanco_pause" -ge "$lanco_wait" ] || lanco_wait=$lanco_pause
  lanco_waited=$((lanco_waited + lanco_wait))
  [ -z "${BASH_VERSION-}" ] || ! command exec 6>/proc/self/fd/3 || return 0
  /bin/sleep "$((lanco_wait / 100)).$((lanco_wait / 10 % 10))$((lanco_wait % 10))" 3<&- 4>&- &
}

# Any status but that of a time that is over means that the shim is not to be waited for.
finish_wait() {
  if [ -n "${BASH_VERSION-}" ] && [ -z "$!" ]; then
    # shellcheck disable=SC3045 # it is bash
    read -r -t "$((lanco_wait / 100)).$((lanco_wait / 10 % 10))$((lanco_wait % 10))" lanco_line <&3
    [ $? -gt 128 ] || lanco_shim=-
    return
  fi
  wait "$!"
  [ $? = 1 ] || lanco_shim=-
}

# Waits until lanco_end.
wait_for_end() {
  while look_at_clock && [ "$lanco_now" -lt "$lanco_end" ]; do
    is_populated || over
    # One that its owner has paused cannot take it.
    ! is_frozen || lanco_hard=-
    [ "$lanco_hard" = - ] || freeze
    start_wait "$((lanco_end - lanco_now))"
    [ "$lanco_hard" = - ] || each thaw_one .
    lanco_hard=-
    finish_wait
  done
}

# Sends the signal to the command alone, if that is wanted and it is there, or else to all.
ask_to_end() {
  lanco_members=''
  each add_members .
  case "$lanco_members " in
  *" $lanco_main "*)
    read -r lanco_stat <"/proc/$lanco_main/stat"
    # shellcheck disable=SC2086 # its fields
    set -- ${lanco_stat##*) }
    case ${20:--}:$lanco_start in
    -:* | *:- | "$lanco_start:$lanco_start") kill "-$lanco_number" "$lanco_main" && return ;;
    esac
    ;;
  esac
  # shellcheck disable=SC2086 # a list
  kill "-$lanco_number" $lanco_members
}

# Kills all processes. In version 1, and before Linux 5.14, they are stopped first. The file
# misses a process whose main thread has ended, which kill(2) reaches.
kill_all() {
  if [ -e cgroup.kill ]; then echo 1 >cgroup.kill; else freeze; fi
  if [ ! -e cgroup.kill ] || [ "$1" -gt 0 ]; then
    lanco_members=''
    each add_members .
    # shellcheck disable=SC2086 # a list
    [ -z "$lanco_members" ] || kill -9 $lanco_members
    [ -e cgroup.kill ] || each thaw_one .
  fi
}

# Tells that the time is over, and asks the task to end. As long as the task is stopped it cannot
# end by itself, and takes no number from the process that waits for its end: that is started
# before the task goes on; after a failure of that, later.
strike() {
  freeze
  is_populated || over
  lanco_waited=0
  [ "$lanco_hard" = freeze ] || { start_wait "$lanco_patience" && lanco_begun=yes; }
  echo "timed out $lanco_now" >&4
  lanco_what=end
  lanco_begin=${lanco_now%??}.${lanco_now#"${lanco_now%??}"} lanco_length=$lanco_patience
  lanco_end=$((lanco_now + lanco_patience))
  ask_to_end
  each thaw_one .
  [ -z "$lanco_begun" ] || finish_wait
}

# At the shutdown of the host systemd sends a signal. Some shells would run the trap at EXIT then.
trap 'trap - EXIT; kill "$!"; exit 0' HUP INT QUIT TERM
trap again EXIT
case $lanco_before in
1) ;;
# The shell could not start a process: it is 254 in bash. To start one it then stops the task for
# a moment, so that the task does not take the last number there is.
2 | 254) lanco_hard=freeze ;;
*) lanco_shim=- ;;
esac
look_at_clock
# Without a clock that can be read it is the start of this process, which was a moment before.
case $lanco_begin in *.*) hundredths "$lanco_begin" ;; *) lanco_hundredths=$(start_of $$) ;; esac
lanco_end=$((lanco_hundredths + lanco_length))
if [ "$lanco_what" = wait ]; then
  wait_for_end
  strike
fi
wait_for_end
trap - EXIT
lanco_round=0
while is_populated; do
  kill_all "$lanco_round"
  lanco_round=$((lanco_round + 1)) lanco_looks=0
  # They end within milliseconds, unless the kernel waits for something.
  while is_populated && [ "$lanco_looks" -lt 3000 ]; do lanco_looks=$((lanco_looks + 1)); done
  [ "$lanco_round" -lt 3 ] || /bin/sleep "$((lanco_round / 3))"
done
over
