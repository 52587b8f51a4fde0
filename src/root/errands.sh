# shellcheck disable=SC2154 # what the first half has set
# The second half of the release agent: what it is called for is done by one agent at a
# time. The others leave their errands and go. In the directory "errands", which only
# root can open, for who opens a file can lock it, there are
#
#   lock      locked by the agent at work, until it has ended, however it does (flock(2))
#   busy      which one is at work, by its number and start: others need not try the lock
#   1 ... 128 an errand each: the name of the cgroup, and how often it was begun
#   all       not empty: there were more, so look at every cgroup
#   looking   the same, of a look that was begun
#   list      what that look is to go through
errands=$here/errands looking=''

# leave ERRAND BEGUN: for the agent at work, or for this one after all others.
leave() {
  # Each file is made by one agent only, which then writes into it.
  set -C
  number=0
  while [ "$((number += 1))" -le 128 ]; do
    [ -e "$errands/$number" ] || ! echo "$1 $2" >"$errands/$number" || break
  done
  set +C
  [ "$number" -le 128 ] || echo yes >"$errands/all"
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
  end_tasks
  # Not before: if this agent is killed, another does them.
  away rm -f "$@"
}

# has_ended CGROUP: whether there is something to do for it, though nobody has said so.
has_ended() {
  is_name "$1" || return
  case $1 in
  bell-*) [ -d "$named/enter-${1#bell-}" ] ;;
  # What is to be the exit command of a run under way may not be in it yet.
  exit-*-*) [ "$(stat -c %i "$named/task-${1#exit-*-}" 9>&-)-${1#exit-*-}" != "${1#exit-}" ] ;;
  task-*) ;;
  *) return 1 ;;
  esac
}

# Goes through the cgroups, some at a time, for there were more errands than can be left.
# An owner who has more cgroups than are listed has made them by hand.
look() {
  if [ -z "$looking" ]; then
    [ -s "$errands/all" ] || [ -s "$errands/looking" ] || return
    echo yes >"$errands/looking"
    true >"$errands/all"
    { find "$named" -mindepth 1 -maxdepth 1 -type d | head -n 10000 >"$errands/list"; } 9>&-
    exec 8<"$errands/list"
    looking=yes
  fi
  looked=0
  while [ "$((looked += 1))" -le 64 ]; do
    if read -r entry <&8; then
      ! has_ended "${entry##*/}" || perform "${entry##*/}" 0
    else
      end_tasks
      exec 8<&-
      looking=''
      true >"$errands/list"
      true >"$errands/looking"
      return
    fi
  done
  end_tasks
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
  read -r worker since <"$errands/busy" && start_of "$worker" && [ "$start" = "$since" ]
}

begin() {
  start_of $$
  echo "$$ $start" >"$errands/busy"
}

lock() {
  exec 9>"$errands/lock" && flock -n 9
}

case $1 in
/bell-*/* | /task-*/* | /exit-*/* | /new-*) exec rmdir "$named$1" ;;
/bell-* | /task-* | /exit-*) errand=${1#/} ;;
*) exit 0 ;;
esac
is_name "${errand#*-}" || exit 0
if is_busy || ! lock; then
  # Before that is looked at again: who is at work looks once more when it is not busy.
  leave "$errand" 0
  is_busy && exit 0
  lock || exit 0
  begin
else
  begin
  perform "$errand" 0
  end_tasks
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
