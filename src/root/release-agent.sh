#!/bin/sh
# The release agent of namespace @NAMESPACE@. The kernel runs it as root, with the path
# of a cgroup of the named hierarchy that has become empty:
#
#   /bell-U          the owner asks to let in what enter-U names
#   /bell-for-U-I-X  the same for run I of task X and its exit command alone
#   /task-X          task X has ended
#   /exit-I-X        the exit command of run I of task X has ended
#   /new-U           what is left of a task that did not come to be
#
# The names are the owner's to choose, and so are the moments: nothing here may do harm
# when it comes twice, late, or beside a new task of the same name. It lets in, counts,
# removes and thaws, and touches for that cgroups, where there are no links, and the
# directory "usage", which is root's. It opens nothing else, and starts nothing.
#
# How often it is called is the owner's to choose, too. What it does for a call does not
# grow with what he has made, and one agent works at a time: see errands.sh, which is the
# second half of this.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
exec </dev/null >/dev/null 2>&1
here=/run/lanco/@NAMESPACE@
named=$here/named
hierarchies="@HIERARCHIES@"
exits=$here/@EXITS@/exits
ended='' ending='' useless='' found=0

is_name() {
  case $1 in '' | [.-]* | *[!A-Za-z0-9._-]*) return 1 ;; esac
}

# away COMMAND...: runs a program that does not keep the lock when this shell is killed.
away() {
  "$@" 9>&-
}

# remove CGROUP...: with all below them, as far as no process is in them. Fails if there
# is too much for one call.
remove() {
  for cgroup; do
    shift
    [ ! -d "$cgroup" ] || set -- "$@" "$cgroup"
  done
  [ $# -gt 0 ] || return 0
  away rmdir "$@" && return
  away timeout 1 find "$@" -xdev -depth -type d -delete
  [ $? -lt 124 ]
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
let_task_in() {
  read -r state <"$here/unified/$1/cgroup.events" && [ "$state" = "populated 0" ] &&
    let_all_in "$1" "$here/unified/$1" "$here/unified/shims"
}

# entries_of CGROUP: sets entries to the names of some of those below it, a line each.
entries_of() {
  entries=$({ find "$1" -mindepth 1 -maxdepth 1 -type d | head -n 256; } 9>&-)
}

open_door() {
  door=$named/enter-$1 bell=$named/bell-$1
  found=$((found + 1))
  # It becomes empty too, but nobody has to be told.
  echo 0 >"$door/notify_on_release" || { useless="$useless $bell" && return; }
  case $1 in
  for-*-*-*) entries="$door/exit-${1#for-*-}
$door/task-${1#for-*-*-}" ;;
  *) entries_of "$door" ;;
  esac
  # No name of a cgroup has the end of a line in it.
  IFS='
'
  set -f
  # shellcheck disable=SC2086 # a list of names
  set -- $entries
  set +f
  unset IFS
  for entry; do
    entry=${entry##*/}
    # Without v2 each goes by himself, and nobody could be given back.
    if [ ! -d "$here/unified" ] || ! is_name "$entry"; then continue; fi
    case $entry in
    task-*) let_task_in "$entry" ;;
    exit-*) let_all_in "$entry" /none "$exits/${entry#exit-}" ;;
    esac
  done
  # For who has rung, that is the end. If there were more entries, they stay.
  echo 1 >"$bell/cgroup.clone_children"
  away rmdir "$@" "$door" "$bell"
}

# keep_counters TASK: keeps what it has used, a line a counter: the file's name, and its
# line.
keep_counters() {
  used=
  for file in cpu.stat cpuacct.usage cpuacct.stat memory.peak memory.events \
    memory.max_usage_in_bytes memory.oom_control pids.peak; do
    for hierarchy in $hierarchies; do
      [ ! -e "$here/$hierarchy/task-$1/$file" ] || while read -r line; do
        used="$used$file $line
"
      done <"$here/$hierarchy/task-$1/$file"
    done
  done
  [ -z "$used" ] || echo "$used" >"$here/usage/$1"
  ended=yes
}

# wake TASK-CGROUP...: their exit commands sleep in cgroups that bear the numbers of the
# runs.
wake() {
  some=yes
  # v2 counts them: without any, there is none of these runs.
  while read -r key value; do
    [ "$key $value" != "nr_descendants 0" ] || some=
  done <"$exits/cgroup.stat"
  [ -n "$some" ] || return 0
  for run in $(away stat -c %i/%n "$@"); do
    echo @THAWED@ >"$exits/${run%%/*}-${run##*/task-}/@FREEZE@"
  done
}

# end_task TASK BEGUN: its counters are kept, and the rest is done for all together.
end_task() {
  # Another agent was faster, or a new task of this name is running already.
  [ -d "$named/task-$1" ] || return
  read -r _ <"$named/task-$1/cgroup.procs" && return
  found=$((found + 1))
  # What has been begun is counted, and may have gone in part.
  [ "$2" -gt 0 ] || keep_counters "$1"
  ending="$ending $1:$2"
}

# cgroups_of TASK: sets cgroups to its own that are there, but for the registered one.
cgroups_of() {
  cgroups=
  for hierarchy in $hierarchies; do
    [ ! -d "$here/$hierarchy/task-$1" ] || cgroups="$cgroups $here/$hierarchy/task-$1"
  done
}

# Removes what is of no more use, and the tasks that have ended, the registered cgroups
# last: what is asked meanwhile is answered by them.
finish() {
  # shellcheck disable=SC2086 # a list of names
  [ -z "$useless" ] || away rmdir $useless
  useless=
  [ -n "$ending" ] || return 0
  set --
  for task in $ending; do
    cgroups_of "${task%:*}"
    # shellcheck disable=SC2086 # a list of names
    set -- "$@" $cgroups
  done
  [ $# = 0 ] || away rmdir "$@"
  set --
  for task in $ending; do
    cgroups_of "${task%:*}"
    # shellcheck disable=SC2086
    if remove $cgroups; then set -- "$@" "$named/task-${task%:*}"; else leave_rest "task-${task%:*}" "${task#*:}"; fi
  done
  ending=
  [ $# -gt 0 ] || return 0
  wake "$@"
  away rmdir "$@" && return
  for task; do remove "$task" || leave_rest "${task##*/}" 0; done
}

# end_exit_command RUN-TASK BEGUN
end_exit_command() {
  read -r _ <"$named/exit-$1/cgroup.procs" && return
  found=$((found + 1))
  remove "$exits/$1" "$named/exit-$1" || leave_rest "exit-$1" "$2"
}

# Of the counters, the newest thousand are kept; the names are tasks'.
forget_counters() {
  [ -n "$ended" ] || return 0
  ended=''
  set -- "$here"/usage/*
  # shellcheck disable=SC2012
  [ $# -le 1100 ] || (cd "$here/usage" && ls -t | tail -n +1001 | xargs rm -f) 9>&-
}

# perform ERRAND BEGUN
perform() {
  case $1 in
  bell-*) open_door "${1#bell-}" ;;
  task-*) end_task "${1#task-}" "$2" ;;
  exit-*) end_exit_command "${1#exit-}" "$2" ;;
  esac
}
