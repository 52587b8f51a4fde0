# shellcheck disable=SC2154 # variables that the first half sets
# The second half of the release agent: the queue by which one agent at a time does the work of
# all. An errand is the cgroup for which the kernel has called an agent. An agent that finds
# another one at work leaves its errand in a file, and ends. The directory "usage/.errands" is
# closed to all but root, for whoever can open a file can lock it. Its files are:
#
#   lock      locked by the agent at work; the kernel frees it however that ends (flock(2))
#   busy      the pid and start time of the agent at work, so that others need not try the lock,
#             and its errand, which is done again if the agent was killed
#   waiting   locked by an agent that waits to take over if the agent at work is killed
#   1 ... 256 an errand each: the name of the cgroup, and how often the errand was begun
#   all       not empty if there were more errands, so that every cgroup has to be looked at
#   looking   not empty while such a look is under way
#   list      the cgroups that this look is to go through
#   kept      how many counters have been kept since all of them were last counted
#
# An owner can make the kernel start agents faster than they end. When there are more than 256
# errands, the kernel is told to start no more agents, and the agent at work goes through all
# cgroups by itself, until it finds few errands. Meanwhile a second agent waits, which takes
# over if the first one is killed.
errands=$here/usage/.errands agent=/var/lib/lanco/@NAMESPACE@/release-agent looking='' calm=''

# tell_kernel PROGRAM: sets the program that the kernel starts from here on; none if empty.
tell_kernel() {
  # A release of the namespace has told the kernel already, and moved the directory away.
  [ ! -d "$errands" ] || [ ! -e "$named/release_agent" ] || echo "$1" >"$named/release_agent"
}

# Starts an agent that waits for the lock.
have_one_wait() {
  "$agent" / waiting 8<&- 9>&- &
}

# Keeps the kernel from starting further agents.
silence() {
  have_one_wait
  tell_kernel ''
}

# leave ERRAND BEGUN: puts an errand into the queue of the agent at work, which may be this one.
leave() {
  # A look that has not begun yet will find it.
  [ ! -s "$errands/all" ] || return 0
  # With noclobber only one agent can create a file, and then write its errand into it.
  set -C
  number=0
  while [ "$((number += 1))" -le 256 ]; do
    [ -e "$errands/$number" ] || ! echo "$1 $2" >"$errands/$number" || break
  done
  set +C
  [ "$number" -gt 256 ] || return 0
  echo yes >"$errands/all"
  silence
  # Once more: a look that ended since the first line would have told the kernel otherwise.
  echo yes >"$errands/all"
}

# leave_rest ERRAND BEGUN: leaves an errand that could not be completed, a hundred times at most,
# for its owner may make cgroups faster than they are removed.
leave_rest() {
  [ "$2" -ge 100 ] || leave "$1" "$(($2 + 1))"
}

# Whether there are errands.
is_wanted() {
  set -- "$errands"/[0-9]*
  [ -e "$1" ] || [ -s "$errands/all" ] || [ -s "$errands/looking" ]
}

# Does the errands that other agents have left.
serve() {
  set -- "$errands"/[0-9]*
  [ -e "$1" ] || return
  for left; do
    # The file is empty if its agent was killed before writing, or has not written yet.
    if read -r errand begun <"$left"; then perform "$errand" "$begun"; else echo yes >"$errands/all"; fi
  done
  finish
  # The files go last, so that another agent does the errands if this one is killed.
  away rm -f "$@"
}

# is_marked CGROUP: whether an earlier look has marked this cgroup; marks it otherwise.
is_marked() {
  read -r mark <"$1/cgroup.clone_children" && [ "$mark" = 0 ] || return 0
  found=$((found + 1))
  echo 1 >"$1/cgroup.clone_children"
  return 1
}

# is_bare TASK-CGROUP: whether a task that has made cgroups below its own has ended: removes
# these cgroups, of which the kernel refuses those with processes.
is_bare() {
  ! read -r _ <"$1/cgroup.procs" && away timeout 1 find "$1" -xdev -mindepth 1 -depth -type d -delete
}

# has_ended CGROUP: whether there may be an errand for a cgroup that a look has found.
has_ended() {
  is_name "$1" || return
  case $1 in
  # Without entries a request is of no use, unless its launcher is just about to make them: such
  # a request is marked by one look, and removed by a later one.
  bell-*) [ -d "$named/enter-${1#bell-}" ] || is_marked "$named/$1" ;;
  # The exit command of a task that runs may not have been moved there yet.
  exit-*-*) [ "$(stat -c %i "$named/task-${1#exit-*-}" 9>&-)-${1#exit-*-}" != "${1#exit-}" ] ;;
  task-*) ;;
  *) return 1 ;;
  esac
}

# Lists the cgroups to look at; a task that has made cgroups below its own gets a slash at the
# end. More than these 20,000 can only have been made by hand.
begin_look() {
  echo yes >"$errands/looking"
  if [ -z "$calm" ]; then
    # No other agent may be started now: this one must not be killed for want of memory.
    echo -1000 >/proc/$$/oom_score_adj
    silence
  fi
  true >"$errands/all"
  {
    {
      find "$named" -mindepth 1 -maxdepth 1 -type d \( ! -name "task-*" -o -links 2 \) | head -n 10000
      find "$named" -mindepth 1 -maxdepth 1 -name "task-*" ! -links 2 | head -n 10000 | sed "s|\$|/|"
    } >"$errands/list"
  } 9>&-
  exec 8<"$errands/list"
  looking=yes found=0
}

# Ends a look. If it has found few errands, the kernel is told to start agents again, and one
# more look follows for errands that came before that. That look is the last one if it finds
# few, too.
end_look() {
  finish
  exec 8<&-
  true >"$errands/list"
  looking=
  if [ "$found" -gt 256 ]; then
    calm=
    away sleep 0.5
  elif [ -z "$calm" ]; then
    calm=yes
    tell_kernel "/var/lib/lanco/@NAMESPACE@/release-agent"
    echo 0 >/proc/$$/oom_score_adj
  else
    calm=
    true >"$errands/looking"
  fi
}

# If a look is wanted or under way, looks at the next 64 cgroups of the list.
look() {
  if [ -z "$looking" ]; then
    [ -s "$errands/all" ] || [ -s "$errands/looking" ] || return
    begin_look
  fi
  looked=0
  while [ "$((looked += 1))" -le 64 ]; do
    read -r entry <&8 || { end_look && return; }
    case $entry in
    */)
      entry=${entry%/}
      is_bare "$entry" || continue
      ;;
    esac
    ! has_ended "${entry##*/}" || perform "${entry##*/}" 0
  done
  finish
}

# start_of PID: sets start to the start time of a process, by which it differs from any later
# one with the same pid.
start_of() {
  start=
  read -r stat <"/proc/$1/stat" || return
  # shellcheck disable=SC2086 # its fields
  set -- ${stat##*) }
  start=${20-}
}

# Whether an agent is at work, which then looks for errands once more before it ends.
is_busy() {
  read -r worker since _ <"$errands/busy" && start_of "$worker" && [ "$start" = "$since" ]
}

# begin [ERRAND]: records that this agent is at work, and its errand. An errand that is recorded
# already is that of an agent that was killed: it is left again.
begin() {
  unfinished=
  read -r _ _ unfinished <"$errands/busy"
  [ -z "$unfinished" ] || leave "$unfinished" 0
  start_of $$
  echo "$$ $start ${1-}" >"$errands/busy"
}

lock() {
  exec 9>"$errands/lock" && flock -n 9
}

# Waits until no agent is at work, and takes the lock. Only one agent waits; any other exits.
wait_for_lock() {
  exec 7>"$errands/waiting" && flock -n 7 || exit 0
  exec 9>"$errands/lock" && flock 9
  exec 7>&-
  # The agent that kept the kernel from starting agents may have been killed before it wrote "all".
  told=
  read -r told <"$named/release_agent"
  [ -n "$told" ] || echo yes >"$errands/all"
  ! is_wanted || have_one_wait
  begin
}

case $1 in
/bell-*/* | /task-*/* | /exit-*/* | /new-*) exec rmdir "$named$1" ;;
/bell-* | /task-* | /exit-*) errand=${1#/} ;;
# The kernel gives one argument; with a second one, an agent has started this one to wait.
/) [ $# = 2 ] || exit 0 ;;
*) exit 0 ;;
esac
if [ $# = 2 ]; then
  wait_for_lock
elif ! is_name "${errand#*-}"; then
  exit 0
elif is_busy || ! lock; then
  # The errand is left before "busy" is read again: the agent at work empties "busy", and then
  # looks for errands once more.
  leave "$errand" 0
  is_busy && exit 0
  lock || exit 0
  begin
else
  begin "$errand"
  perform "$errand" 0
  finish
fi
while :; do
  while forget_counters && is_wanted; do
    serve
    look
  done
  true >"$errands/busy"
  exec 9>&-
  # An errand that was left just before "busy" was emptied and the lock freed is found here.
  is_wanted && lock || exit 0
  begin
done
