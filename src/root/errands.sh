# shellcheck disable=SC2154 # what the first half has set
# The second half of the release agent: what it is called for is done by one agent at a
# time. The others leave their errands and go. In the directory "usage/.errands", which only
# root can open, for who opens a file can lock it, there are
#
#   lock      locked by the agent at work, until it has ended, however it does (flock(2))
#   busy      which one is at work, by its number and start: others need not try the lock;
#             and what it was called for, which is done again if it was killed
#   waiting   locked by the agent that waits to come in the place of the one at work
#   1 ... 256 an errand each: the name of the cgroup, and how often it was begun
#   all       not empty: there were more, so look at every cgroup
#   looking   the same, of a look that was begun
#   list      what that look is to go through
#
# An owner can have the kernel start agents faster than they end. When there are more
# errands than that, the kernel is told to start none, and the agent at work looks by
# itself for what there is to do, until there is little. Meanwhile another one waits: it
# goes on if that is killed.
errands=$here/usage/.errands agent=/var/lib/lanco/@NAMESPACE@/release-agent looking='' calm=''

# tell_kernel PROGRAM: which agent it is to start from here on; none, if that is empty.
tell_kernel() {
  # Who releases the namespace has told it, and takes the directory of the errands away.
  [ ! -d "$errands" ] || [ ! -e "$named/release_agent" ] || echo "$1" >"$named/release_agent"
}

# Has another agent wait for the lock.
have_one_wait() {
  "$agent" / waiting 8<&- 9>&- &
}

silence() {
  have_one_wait
  tell_kernel ''
}

# leave ERRAND BEGUN: for the agent at work, or for this one after all others.
leave() {
  # The look is yet to begin, and will find it.
  [ ! -s "$errands/all" ] || return 0
  # Each file is made by one agent only, which then writes into it.
  set -C
  number=0
  while [ "$((number += 1))" -le 256 ]; do
    [ -e "$errands/$number" ] || ! echo "$1 $2" >"$errands/$number" || break
  done
  set +C
  [ "$number" -gt 256 ] || return 0
  echo yes >"$errands/all"
  silence
  # Once more, for the look that would have told it otherwise may be over.
  echo yes >"$errands/all"
}

# leave_rest ERRAND BEGUN: it comes to an end, also where what is to be removed does not.
leave_rest() {
  [ "$2" -ge 100 ] || leave "$1" "$(($2 + 1))"
}

# Whether there is something to do.
is_wanted() {
  set -- "$errands"/[0-9]*
  [ -e "$1" ] || [ -s "$errands/all" ] || [ -s "$errands/looking" ]
}

# Does what others have left.
serve() {
  set -- "$errands"/[0-9]*
  [ -e "$1" ] || return
  for left; do
    # The agent that left it may have been killed before it wrote, or be about to.
    if read -r errand begun <"$left"; then perform "$errand" "$begun"; else echo yes >"$errands/all"; fi
  done
  finish
  # Not before: if this agent is killed, another does them.
  away rm -f "$@"
}

# is_marked CGROUP: whether a look before this one has seen it.
is_marked() {
  read -r mark <"$1/cgroup.clone_children" && [ "$mark" = 0 ] || return 0
  found=$((found + 1))
  echo 1 >"$1/cgroup.clone_children"
  return 1
}

# is_bare TASK-CGROUP: whether nobody is in the cgroups that a task has made below its own,
# so that these are gone now: the kernel removes none where somebody is.
is_bare() {
  ! read -r _ <"$1/cgroup.procs" && away timeout 1 find "$1" -xdev -mindepth 1 -depth -type d -delete
}

# has_ended CGROUP: whether there is something to do for it, though nobody has said so.
has_ended() {
  is_name "$1" || return
  case $1 in
  # Without its list it is of no more use.
  bell-*) [ -d "$named/enter-${1#bell-}" ] || is_marked "$named/$1" ;;
  # What is to be the exit command of a run under way may not be in it yet.
  exit-*-*) [ "$(stat -c %i "$named/task-${1#exit-*-}" 9>&-)-${1#exit-*-}" != "${1#exit-}" ] ;;
  task-*) ;;
  *) return 1 ;;
  esac
}

# Lists what there is; the tasks that have made cgroups below their own with a slash at
# the end. Who has more cgroups than that has made them by hand.
begin_look() {
  echo yes >"$errands/looking"
  if [ -z "$calm" ]; then
    # It may be all that works for the namespace.
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

# Ends a look. It is the last one if little was found after the kernel had been told to
# start agents again.
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

# Looks at some of the cgroups at a time, for there were more errands than can be left.
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

# start_of PROCESS: sets start to when it was started; what a number is given to later is
# not of the same time.
start_of() {
  start=
  read -r stat <"/proc/$1/stat" || return
  # shellcheck disable=SC2086 # its fields
  set -- ${stat##*) }
  start=${20-}
}

# Whether an agent is at work that will look for errands once more.
is_busy() {
  read -r worker since _ <"$errands/busy" && start_of "$worker" && [ "$start" = "$since" ]
}

# begin [ERRAND]: says who is at work, and for what; another may have been killed at it.
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

# Waits until no agent is at work, and does what is left. Only one waits.
wait_for_lock() {
  exec 7>"$errands/waiting" && flock -n 7 || exit 0
  exec 9>"$errands/lock" && flock 9
  exec 7>&-
  # Who has told the kernel to start none may have been killed before it noted that.
  told=
  read -r told <"$named/release_agent"
  [ -n "$told" ] || echo yes >"$errands/all"
  ! is_wanted || have_one_wait
  begin
}

case $1 in
/bell-*/* | /task-*/* | /exit-*/* | /new-*) exec rmdir "$named$1" ;;
/bell-* | /task-* | /exit-*) errand=${1#/} ;;
# The kernel gives one word only.
/) [ $# = 2 ] || exit 0 ;;
*) exit 0 ;;
esac
if [ $# = 2 ]; then
  wait_for_lock
elif ! is_name "${errand#*-}"; then
  exit 0
elif is_busy || ! lock; then
  # Before that is looked at again: who is at work looks once more when it is not busy.
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
  # What was left between the last look and this found it busy, or the lock taken.
  is_wanted && lock || exit 0
  begin
done
