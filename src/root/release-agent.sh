#!/bin/sh
# The release agent of namespace @NAMESPACE@. The kernel runs it as root, with the path
# of a cgroup of the named hierarchy that has become empty:
#
#   /bell-U    the owner asks to let in what enter-U names
#   /task-X    task X has ended
#   /exit-I-X  the exit command of a run of task X has ended
#   /new-U     what is left of a task that did not come to be
#
# The names are the owner's to choose, and so are the moments: nothing here may do harm
# when it comes twice, late, or beside a new task of the same name. It lets in, counts,
# removes and thaws, and touches for that cgroups, where there are no links, and the
# directory "usage", which is root's. It opens nothing else, and starts nothing.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
exec </dev/null >/dev/null 2>&1
here=/run/lanco/@NAMESPACE@
named=$here/named
hierarchies="@HIERARCHIES@"
exits=$here/@EXITS@/exits

is_name() {
  case $1 in '' | [.-]* | *[!A-Za-z0-9._-]*) return 1 ;; esac
}

# remove CGROUP...: with all below them, as far as no process is in them.
remove() {
  rmdir "$@" || find "$@" -xdev -depth -type d -delete
}

# let_in PID FROM CHILD OTHER: moves a process that the kernel has let into FROM of the
# named hierarchy, because it was the owner's, to a cgroup of the unified one: to CHILD
# if it is a child of one of the "members", else to OTHER.
let_in() {
  {
    # What a process calls itself may have the end of a line in it: the last one counts.
    while read -r line; do stat=$line; done <"/proc/$1/stat" || return
    stat=${stat##*) ? }
    case "$members" in *" ${stat%% *} "*) to=$3 ;; *) to=$4 ;; esac
    member=
    while read -r line; do
      case $line in *":name=lanco-@NAMESPACE@:/$2") member=yes ;; esac
    done <"/proc/$1/cgroup"
    [ -n "$member" ] && echo "$1" >"$to/cgroup.procs" || return
    # As long as this can be read, the number was that of the same process all the time.
    read -r _ <&3 || give_back "$1"
  } 3<"/proc/$1/stat"
}

# give_back PID: the number may be a stranger's by now: then back to where he was born,
# in his parent's cgroup. What has one of its ids from the owner is no stranger.
give_back() {
  ids='' parent=''
  while read -r key value; do
    case $key in
    Uid:) ids=$value ;;
    PPid:) parent=$value ;;
    esac
  done <"/proc/$1/status"
  for id in $ids; do [ "$id" != @UID@ ] || return; done
  home=
  while read -r line; do
    case $line in 0::*) home=${line#0::} ;; esac
  done <"/proc/$parent/cgroup"
  echo "$1" >"@UNIFIED@$home/cgroup.procs" || echo "$1" >@UNIFIED@/cgroup.procs
}

# let_all_in FROM CHILD OTHER: of the processes in FROM there are one or two.
let_all_in() {
  members=" " count=0
  while [ "$((count += 1))" -le 4 ] && read -r pid; do members="$members$pid "; done <"$named/$1/cgroup.procs"
  for pid in $members; do let_in "$pid" "$@"; done
}

# A task is let in only as a whole, into a cgroup where nobody is yet: nothing that runs
# can be taken to another task, where a stop of its own would not find it.
open_door() {
  for entry in "$1"/*; do
    entry=${entry##*/}
    is_name "$entry" || continue
    case $entry in
    task-*)
      read -r state <"$here/unified/$entry/cgroup.events" && [ "$state" = "populated 0" ] &&
        let_all_in "$entry" "$here/unified/$entry" "$here/unified/shims"
      ;;
    exit-*) let_all_in "$entry" /none "$exits/${entry#exit-}" ;;
    esac
  done
}

case $1 in
/bell-*/* | /task-*/* | /exit-*/* | /new-*) exec rmdir "$named$1" ;;
/bell-*)
  door=$named/enter-${1#/bell-}
  is_name "${1#/bell-}" || exit 0
  # It becomes empty too, but nobody has to be told.
  echo 0 >"$door/notify_on_release"
  open_door "$door"
  exec rmdir "$door"/* "$door" "$named$1"
  ;;
/exit-*)
  is_name "${1#/exit-}" || exit 0
  remove "$exits/${1#/exit-}"
  exec rmdir "$named$1"
  ;;
/task-*) name=${1#/task-} ;;
*) exit 0 ;;
esac
is_name "$name" || exit 0

# Another agent was faster, or a new task of this name is running already.
task=$named/task-$name
[ -d "$task" ] || exit 0
read -r _ <"$task/cgroup.procs" && exit 0
set --
for hierarchy in $hierarchies; do set -- "$@" "$here/$hierarchy/task-$name"; done
# What it has used is kept, a line a counter: the file's name, and its line.
used=
for file in cpu.stat cpuacct.usage cpuacct.stat memory.peak memory.events \
  memory.max_usage_in_bytes memory.oom_control pids.peak; do
  for cgroup; do
    [ ! -e "$cgroup/$file" ] || while read -r line; do
      used="$used$file $line
"
    done <"$cgroup/$file"
  done
done
[ -z "$used" ] || echo "$used" >"$here/usage/$name"
remove "$@"
# Its exit command sleeps in a cgroup that bears the number of this run: it wakes.
for exit in "$exits"/*-"$name"; do
  [ ! -d "$exit" ] || echo @THAWED@ >"$exits/$(stat -c %i "$task")-$name/@FREEZE@"
  break
done
remove "$task"
# Of the newest thousand; the names are tasks'.
set -- "$here"/usage/*
# shellcheck disable=SC2012
[ $# -le 1100 ] || ls -t "$here/usage" | tail -n +1001 | while read -r old; do rm -f "$here/usage/$old"; done
