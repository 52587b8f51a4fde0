# Kills a task, or an exit command, as root, whatever its owner does meanwhile. It
# believes no record: who belongs to it is what the kernel says. It touches cgroups only,
# where there are no links, and opens nothing else.
#   $1 the namespace            $2 its cgroup in the named hierarchy: task-X or exit-I-X
#   $3 the inode of that, so that no later run of the name is killed
#   $4 its cgroup in the others: task-X or exits/I-X
#   $5 the hierarchy of v1 that freezes, or nothing    $6... the hierarchies with that cgroup
# Exits with 0 when nothing is left of it; else with 1, and prints the numbers of some.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
ns=$1 name=$2 inode=$3 place=$4 freezer=$5
here=/run/lanco/$ns
shift 5

# Prints the processes in this directory and below it.
members() {
  find . -name cgroup.procs -execdir cat {} + 2>/dev/null
}

# Whether the name is that of a later run. If not, the directory that has been entered
# before is of this run, whatever gets its name now. One that its owner has renamed keeps
# its other cgroups.
is_later() {
  now=$(stat -c %i "$here/named/$name" 2>/dev/null) && [ "$now" != "$inode" ]
}

# is_member PID: a number may be another's by now.
is_member() {
  while read -r line; do
    case $line/ in *"lanco-$ns:/$name/"* | *"/lanco-$ns/$place/"*) return 0 ;; esac
  done <"/proc/$1/cgroup"
  return 1
} 2>/dev/null

# Kills the members by their numbers. In a frozen cgroup of v1, where its owner may have
# put it, nothing dies: it is taken out.
kill_members() {
  members | while read -r pid; do
    case $pid in '' | 0 | *[!0-9]*) continue ;; esac
    is_member "$pid" || continue
    kill -KILL "$pid"
    [ -z "$freezer" ] || echo "$pid" >"$here/$freezer/cgroup.procs"
  done 2>/dev/null
}

# holds STATE FILE: waits a moment until a freezer has stopped all.
holds() {
  for _ in 1 2 3 4 5; do
    ! grep -qx "$1" "$2" || return 0
    sleep 0.01
  done
}

# Kills all in this cgroup. Where v2 cannot (Linux 5.14), it is frozen first, for what is
# frozen does not fork.
strike() {
  if [ -e cgroup.kill ]; then
    echo 1 >cgroup.kill
    kill_members
  elif [ -e cgroup.freeze ]; then
    echo 1 >cgroup.freeze && holds "frozen 1" cgroup.events
    kill_members
    echo 0 >cgroup.freeze
  elif [ -e freezer.state ]; then
    echo FROZEN >freezer.state && holds FROZEN freezer.state
    kill_members
    echo THAWED >freezer.state
  else
    kill_members
  fi 2>/dev/null
}

# Takes this cgroup from its owner, who then puts nothing more into it.
take() {
  find . \( -type d -o -name cgroup.procs -o -name tasks -o -name freezer.state \) \
    ! -uid 0 -execdir chown 0:0 {} + 2>/dev/null
}

round=0
while [ "$((round += 1))" -le 300 ]; do
  left=
  for directory in "$@" named; do
    cgroup=$here/$directory/$place
    [ "$directory" != named ] || cgroup=$here/named/$name
    cd "$cgroup" 2>/dev/null || continue
    if is_later; then continue; fi
    some=$(members | head -n 5 | tr '\n' ' ')
    [ -n "$some" ] || continue
    left=$left$some
    [ "$round" -le 20 ] || take
    # A shim has a second or two to tell how its task has ended.
    if [ "$directory" != named ] || [ "$round" -gt 60 ]; then strike; fi
  done
  cd /
  [ -n "$left" ] || exit 0
  sleep 0.02
done
echo "$left"
exit 1
