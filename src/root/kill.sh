# Run by root to kill a task or an exit command, whatever its owner does meanwhile. It reads no
# record: the kernel tells which processes belong to the task. It opens files of cgroups and of
# /proc only; among cgroups there are no symbolic links.
#   $1     the namespace
#   $2     the cgroup in the named hierarchy: task-X or exit-I-X
#   $3     the inode number of that cgroup, so that no later run of the name is killed
#   $4     the cgroup in the other hierarchies: task-X or exits/I-X
#   $5     the v1 hierarchy with the freezer, or nothing
#   $6...  the other hierarchies that have the cgroup
# Exits with 0 when no process is left; else with 1, and prints the pids of some that are.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
ns=$1 name=$2 inode=$3 place=$4 freezer=$5 registered=$2
here=/run/lanco/$ns
shift 5

# on_each PROGRAM TEST...: runs PROGRAM with the files here and below that pass the tests of
# find(1): with many at once as long as their paths are not too long, deeper down in each
# directory. Fails if time runs out, for an owner can nest cgroups without end.
on_each() {
  program=$1
  shift
  # shellcheck disable=SC2086 # words
  timeout --foreground 3 find . -maxdepth 15 "$@" -exec $program {} + 2>/dev/null
  [ $? -lt 124 ] || return
  # shellcheck disable=SC2086 # words
  timeout --foreground 3 find . -mindepth 16 "$@" -execdir $program {} + 2>/dev/null
  [ $? -lt 124 ]
}

# Prints the pids in this cgroup and below it, and "more" if there may be others.
members() {
  if read -r state <cgroup.events && [ "$state" = "populated 0" ]; then return; fi 2>/dev/null
  on_each cat -name cgroup.procs || echo more
}

# Whether the name belongs to a later run by now. If it does not, the cgroup that the shell has
# just entered belongs to the run to be killed, even if its name is used again from now on. If
# the owner has renamed the registered cgroup, the cgroups in other hierarchies still count.
is_later() {
  now=$(stat -c %i "$here/named/$name" 2>/dev/null) && [ "$now" != "$inode" ]
}

# Enters the registered cgroup, which its owner may have renamed; sets registered to its name.
enter_named() {
  cd "$here/named/$name" && [ "$(stat -c %i .)" = "$inode" ] && return
  renamed=$(timeout --foreground 3 find "$here/named" -mindepth 1 -maxdepth 1 -inum "$inode" | head -n 1)
  [ -n "$renamed" ] && cd "$renamed" && [ "$(stat -c %i .)" = "$inode" ] && registered=${renamed##*/}
} 2>/dev/null

# is_member PID: whether the process is still in a cgroup of this run, for its pid may belong to
# another process by now. The file is empty if its process has ended since it was opened: then it
# is read again. It stays so if the path of the cgroup is too long for the kernel: only an owner
# nests cgroups so deep, and the process counts as a member.
is_member() {
  for _ in first again; do
    told=
    while read -r line; do
      told=yes
      case $line/ in *"lanco-$ns:/$registered/"* | *"/lanco-$ns/$place/"*) return 0 ;;
      # Where systemd keeps the namespace, the shim is below "shims".
      *"/lanco-$ns.service/$place/"* | *"/lanco-$ns.service/shims/$place/"*) return 0 ;; esac
    done <"/proc/$1/cgroup" || return
    [ -z "$told" ] || return 1
  done
} 2>/dev/null

# Kills the members of this cgroup by their pids. In a frozen cgroup of v1, where their owner
# may have put them, processes do not die: they are moved out.
kill_members() {
  members | while read -r pid; do
    case $pid in '' | 0 | *[!0-9]*) continue ;; esac
    is_member "$pid" || continue
    kill -KILL "$pid"
    [ -z "$freezer" ] || echo "$pid" >"$here/$freezer/cgroup.procs"
  done 2>/dev/null
}

# holds STATE FILE: waits up to 50 ms until the freezer has stopped all processes.
holds() {
  for _ in 1 2 3 4 5; do
    ! grep -qx "$1" "$2" || return 0
    sleep 0.01
  done
}

# Kills all processes in this cgroup. Before Linux 5.14, which brought cgroup.kill, and in v1,
# the cgroup is frozen first, for frozen processes do not fork. The tests are for regular files,
# because an owner can give a cgroup the name of such a file.
strike() {
  if [ -f cgroup.kill ]; then
    echo 1 >cgroup.kill
    kill_members
  elif [ -f cgroup.freeze ]; then
    echo 1 >cgroup.freeze && holds "frozen 1" cgroup.events
    kill_members
    echo 0 >cgroup.freeze
  elif [ -f freezer.state ]; then
    echo FROZEN >freezer.state && holds FROZEN freezer.state
    kill_members
    echo THAWED >freezer.state
  else
    kill_members
  fi 2>/dev/null
}

# own OWNER TEST...: gives this cgroup and those below it that pass the tests to an owner.
own() {
  to=$1
  shift
  on_each "chown $to" \( -type d -o -name cgroup.procs -o -name tasks -o -name freezer.state \) "$@"
}

# enter DIRECTORY: changes into the cgroup of this run in a hierarchy, if there is one.
enter() {
  if [ "$1" = named ]; then
    enter_named
  else
    cd "$here/$1/$place" 2>/dev/null && ! is_later
  fi
}

# finish STATUS DIRECTORY...: exits. What was taken from its owner, the owner cannot remove, and
# where systemd keeps the namespace no agent does: it is removed now, all but the upper cgroup, or
# given back if there are processes in it.
finish() {
  status=$1
  shift
  if [ "$round" -le 20 ] || [ ! -h "$here/named" ]; then exit "$status"; fi
  owner=$(stat -Lc %u "$here/named")
  for directory; do
    enter "$directory" || continue
    if [ "$status" = 0 ]; then
      timeout --foreground 9 find . -xdev -mindepth 1 -depth -type d -delete 2>/dev/null
    else
      own "+$owner" -uid 0
    fi
  done
  exit "$status"
}

set -- "$@" unified/shims named
round=0
while [ "$((round += 1))" -le 300 ]; do
  left=
  for directory; do
    enter "$directory" || continue
    some=$(members | sed -n '1,5{p;d;}; /more/p' | tr '\n' ' ')
    case $some in
    '') continue ;;
    # Where there is v2, its processes are in a cgroup there, too: that one tells.
    "more ") [ "$directory" != named ] || [ ! -d "$here/unified" ] || continue ;;
    esac
    left=$left$some
    case $some in *more*) round=$((round + 40)) ;; esac
    # From here on the owner can move no process into them.
    [ "$round" -le 20 ] || own 0:0 ! -uid 0
    # The shim is in none of the other hierarchies' cgroups of the task: it gets a second or two to
    # record how its task ended.
    case $directory in named | unified/shims) [ "$round" -gt 60 ] || continue ;; esac
    strike
  done
  cd /
  [ -n "$left" ] || finish 0 "$@"
  sleep 0.02
done
echo "$left"
finish 1 "$@"
