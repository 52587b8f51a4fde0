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
ns=$1 name=$2 inode=$3 place=$4 freezer=$5 registered=$2
here=/run/lanco/$ns
shift 5

# on_each PROGRAM TEST...: runs it with what is here and below, many at a time where no
# path is too long for that. Fails if it has not seen all: an owner may go on digging.
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

# Prints the processes in this directory and below it, and "more" if there may be more.
members() {
  if read -r state <cgroup.events && [ "$state" = "populated 0" ]; then return; fi 2>/dev/null
  on_each cat -name cgroup.procs || echo more
}

# Whether the name is that of a later run. If not, the directory that has been entered
# before is of this run, whatever gets its name now. One that its owner has renamed keeps
# its other cgroups.
is_later() {
  now=$(stat -c %i "$here/named/$name" 2>/dev/null) && [ "$now" != "$inode" ]
}

# Enters the cgroup in the named hierarchy, which its owner may have renamed.
enter_named() {
  cd "$here/named/$name" && [ "$(stat -c %i .)" = "$inode" ] && return
  renamed=$(timeout --foreground 3 find "$here/named" -mindepth 1 -maxdepth 1 -inum "$inode" | head -n 1)
  [ -n "$renamed" ] && cd "$renamed" && [ "$(stat -c %i .)" = "$inode" ] && registered=${renamed##*/}
} 2>/dev/null

# is_member PID: a number may be another's by now. Of what is deeper than the kernel can
# say, which is nobody's but an owner's, it says nothing.
is_member() {
  told=
  while read -r line; do
    told=yes
    case $line/ in *"lanco-$ns:/$registered/"* | *"/lanco-$ns/$place/"*) return 0 ;; esac
  done <"/proc/$1/cgroup" || return
  [ -z "$told" ]
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
# frozen does not fork. What is no file is a cgroup that its owner has called so.
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

# Takes this cgroup from its owner, who then puts nothing more into it.
take() {
  on_each "chown 0:0" \( -type d -o -name cgroup.procs -o -name tasks -o -name freezer.state \) ! -uid 0
}

round=0
while [ "$((round += 1))" -le 300 ]; do
  left=
  for directory in "$@" named; do
    if [ "$directory" = named ]; then
      enter_named || continue
    else
      cd "$here/$directory/$place" 2>/dev/null || continue
      if is_later; then continue; fi
    fi
    some=$(members | sed -n '1,5{p;d;}; /more/p' | tr '\n' ' ')
    case $some in
    '') continue ;;
    # Of a task in v2, nobody can be here alone.
    "more ") [ "$directory" != named ] || [ ! -d "$here/unified" ] || continue ;;
    esac
    left=$left$some
    case $some in *more*) round=$((round + 40)) ;; esac
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
