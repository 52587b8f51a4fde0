#!/bin/sh
# The release agent of namespace @NAMESPACE@. The kernel runs it as root, with the path
# of a cgroup of the named hierarchy that has become empty (cgroups(7), "release_agent"):
#
#   /bell-U          the owner submits admission request U, whose entries are below enter-U
#   /bell-for-U-I-X  the same, for run I of task X and its exit command alone
#   /task-X          task X has ended
#   /exit-I-X        the exit command of run I of task X has ended
#   /new-U           the rest of a launch that has failed
#
# To admit a process is to move it into its cgroup of the unified hierarchy. The owner chooses
# the names and the moments: no call may do harm when it comes twice, late, or at the same time
# as a new task of the same name. The agent admits processes, keeps counters, removes cgroups
# and thaws exit commands. For that it opens files of cgroups, among which there are no symbolic
# links, of /proc, and in the directory "usage", which is root's; and it starts no program of
# the owner's.
#
# The owner also decides how often it is called. The work for one call therefore does not
# grow with what the owner has made, and one agent works at a time: see errands.sh, the second
# half of this script.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
exec </dev/null >/dev/null 2>&1
here=/run/lanco/@NAMESPACE@
named=$here/named
hierarchies="@HIERARCHIES@"
counters="@COUNTERS@"
exits=$here/@EXITS@/exits
ended=0 ending='' useless='' found=0

is_name() {
  case $1 in '' | [.-]* | *[!A-Za-z0-9._-]*) return 1 ;; esac
}

# away COMMAND...: runs a program without the descriptor of the lock, so that it does not keep
# the lock if this shell is killed.
away() {
  "$@" 9>&-
}

# remove CGROUP...: removes cgroups and those below them, unless there are processes in them.
# Fails if they are too many to be removed within a second.
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

# let_in PID FROM CHILD OTHER: moves a process to a cgroup of the unified hierarchy: to CHILD if
# it is a child of one of the "members", else to OTHER. It must be in the cgroup FROM of the
# named hierarchy, which proves that it is a process of the owner's.
let_in() {
  {
    # The name of a process may contain newlines: the last line has the fields behind it.
    while read -r line; do stat=$line; done <"/proc/$1/stat" || return
    stat=${stat##*) ? }
    case "$members" in *" ${stat%% *} "*) to=$3 ;; *) to=$4 ;; esac
    member='' looks=0
    # bash reads from the file anew after each line, and the list may have changed by then.
    while [ -z "$member" ] && [ "$((looks += 1))" -le 3 ]; do
      while read -r line; do
        [ "${line#*:}" != "name=lanco-@NAMESPACE@:/$2" ] || member=yes
      done <"/proc/$1/cgroup"
    done
    [ -n "$member" ] && echo "$1" >"$to/cgroup.procs" || return
    # If this file, opened before, can still be read, the pid meant the same process throughout.
    read -r _ <&3 || give_back "$1"
  } 3<"/proc/$1/stat"
}

# give_back PID: if the pid belongs to a process of another user by now, moves that to its
# parent's cgroup, in which it began. A process with any user id of the owner's stays.
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

# let_all_in FROM CHILD OTHER: admits the processes in FROM, of which a launch makes a few.
let_all_in() {
  members=" " count=0
  while [ "$((count += 1))" -le 8 ] && read -r pid; do members="$members$pid "; done <"$named/$1/cgroup.procs"
  for pid in $members; do let_in "$pid" "$@"; done
}

# let_task_in TASK-CGROUP: admits a task as a whole, into a cgroup without processes. So the owner
# cannot have a running process moved to another task, where a stop of its own would miss it.
let_task_in() {
  read -r state <"$here/unified/$1/cgroup.events" && [ "$state" = "populated 0" ] &&
    let_all_in "$1" "$here/unified/$1" "$here/unified/shims"
}

# entries_of CGROUP: sets entries to the paths of up to 256 cgroups in it, a line each.
entries_of() {
  entries=$({ find "$1" -mindepth 1 -maxdepth 1 -type d | head -n 256; } 9>&-)
}

# admit_listed REQUEST: answers an admission request.
admit_listed() {
  list=$named/enter-$1 bell=$named/bell-$1
  found=$((found + 1))
  # The request's own cgroup will become empty as well, which needs no call of the agent.
  echo 0 >"$list/notify_on_release" || { useless="$useless $bell" && return; }
  case $1 in
  for-*-*-*) entries="$list/exit-${1#for-*-}
$list/task-${1#for-*-*-}" ;;
  *) entries_of "$list" ;;
  esac
  # The kernel allows no newline in the name of a cgroup.
  IFS='
'
  set -f
  # shellcheck disable=SC2086 # a list of names
  set -- $entries
  set +f
  unset IFS
  for entry; do
    entry=${entry##*/}
    # On legacy hosts processes move by themselves: v1 lets their user do so.
    if [ ! -d "$here/unified" ] || ! is_name "$entry"; then continue; fi
    case $entry in
    task-*) let_task_in "$entry" ;;
    exit-*) let_all_in "$entry" /none "$exits/${entry#exit-}" ;;
    esac
  done
  # By this flag the launcher sees that the request is answered, even if the cgroups stay
  # because there were further entries.
  echo 1 >"$bell/cgroup.clone_children"
  away rmdir "$@" "$list" "$bell"
}

# inode_of TASK: sets inode to the inode number of the task's registered cgroup, which
# distinguishes the run from others. Since Linux 5.14 fdinfo has it (proc_pid_fdinfo(5)), which
# saves the start of stat(1).
inode_of() {
  inode=
  {
    while read -r key value; do [ "$key" != ino: ] || inode=$value; done </proc/self/fdinfo/3
    [ -n "$inode" ] || inode=$(away stat -Lc %i /proc/self/fd/3)
  } 3<"$named/task-$1"
}

# keep_counters TASK: writes the final counters of a task to the directory "usage": for each line
# of a counter's file the name of the file, and that line. If another run has got the name
# meanwhile, nothing is written, for the counters may be of either.
keep_counters() {
  used=
  inode_of "$1"
  before=$inode
  for file in $counters; do
    for hierarchy in $hierarchies; do
      [ ! -e "$here/$hierarchy/task-$1/$file" ] || while read -r line; do
        used="$used$file $line
"
      done <"$here/$hierarchy/task-$1/$file"
    done
  done
  inode_of "$1"
  [ -n "$used" ] && [ -n "$before" ] && [ "$before" = "$inode" ] || return 0
  echo "$used" >"$here/usage/$inode-$1"
  ended=$((ended + 1))
}

# wake TASK-CGROUP...: thaws the exit commands of these tasks, and ends what has kept their time
# limits, where the kernel can. The name of an exit command's frozen cgroup begins with the inode
# number of the task's registered cgroup; that of the other one has a T before it.
wake() {
  some=yes
  # v2 counts the cgroups there: without any, none of these tasks has an exit command.
  while read -r key value; do
    [ "$key $value" != "nr_descendants 0" ] || some=
  done <"$exits/cgroup.stat"
  [ -n "$some" ] || return 0
  for run in $(away stat -c %i/%n "$@"); do
    echo @THAWED@ >"$exits/${run%%/*}-${run##*/task-}/@FREEZE@"
    time=$exits/T${run%%/*}-${run##*/task-}/cgroup.kill
    [ ! -e "$time" ] || echo 1 >"$time"
  done
}

# end_task TASK BEGUN: keeps the counters of a task that has ended, and notes it for "finish".
# BEGUN says how often this errand was begun before.
end_task() {
  # Another agent was faster, or a new task of this name is running already.
  [ -d "$named/task-$1" ] || return
  read -r _ <"$named/task-$1/cgroup.procs" && return
  found=$((found + 1))
  # If it was begun before, the counters are kept already, and some cgroups may be gone.
  [ "$2" -gt 0 ] || keep_counters "$1"
  ending="$ending $1:$2"
}

# cgroups_of TASK: sets cgroups to those of the task's cgroups that exist, without the registered
# one.
cgroups_of() {
  cgroups=
  for hierarchy in $hierarchies; do
    [ ! -d "$here/$hierarchy/task-$1" ] || cgroups="$cgroups $here/$hierarchy/task-$1"
  done
}

# Removes answered requests, and the cgroups of tasks that have ended. The registered cgroups go
# last: as long as they exist, commands answer that the task is running.
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
    # shellcheck disable=SC2086 # a list of names
    if remove $cgroups; then set -- "$@" "$named/task-${task%:*}"; else leave_rest "task-${task%:*}" "${task#*:}"; fi
  done
  ending=
  [ $# -gt 0 ] || return 0
  wake "$@"
  away rmdir "$@" && return
  for task; do remove "$task" || leave_rest "${task##*/}" 0; done
}

# end_exit_command RUN-TASK BEGUN: removes the cgroups of an exit command that has ended.
end_exit_command() {
  read -r _ <"$named/exit-$1/cgroup.procs" && return
  found=$((found + 1))
  remove "$exits/$1" "$named/exit-$1" || leave_rest "exit-$1" "$2"
}

# Removes all but the counters of the newest thousand runs, whenever a hundred more have been
# kept since the last time; their number is in the file "kept".
forget_counters() {
  [ "$ended" -gt 0 ] || return 0
  kept=0 tally=$here/usage/.errands/kept
  read -r kept <"$tally"
  kept=$((${kept:-0} + ended)) ended=0
  echo "$kept" >"$tally"
  [ "$kept" -gt 100 ] || return 0
  # The names consist of an inode number and the name of a task, and need no quotes.
  # shellcheck disable=SC2012
  (cd "$here/usage" && ls -t | tail -n +1001 | xargs rm -f) 9>&-
  echo 0 >"$tally"
}

# perform ERRAND BEGUN: does one errand, which is the name of a cgroup of the named hierarchy.
perform() {
  case $1 in
  bell-*) admit_listed "${1#bell-}" ;;
  task-*) end_task "${1#task-}" "$2" ;;
  exit-*) end_exit_command "${1#exit-}" "$2" ;;
  esac
}
