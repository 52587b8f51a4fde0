# shellcheck disable=SC2154 # variables that up.sh sets
# What "init" makes where a named hierarchy keeps the namespace. It follows common.sh and
# limits.sh, and is called by up.sh.

# delegate DIRECTORY FILE...: makes a cgroup, and gives it and the FILEs that exist to the owner.
delegate() {
  dir=$1
  shift
  mkdir "$dir" 2>/dev/null || [ -d "$dir" ] || fail 1 "cannot make the cgroup $dir: is its hierarchy mounted read-only?"
  for file; do
    shift
    [ ! -e "$dir/$file" ] || set -- "$@" "$dir/$file"
  done
  chown "+$uid:+$gid" "$dir" "$@"
}

# hierarchy NAME VERSION POINT: makes the namespace's cgroup in a hierarchy, and binds it below
# /run/lanco. A task gets a cgroup of its own where it is tracked, limited or counted. In other
# hierarchies all share the namespace's, so as to leave that of their caller.
hierarchy() {
  cgroup=$3/lanco-$ns
  if [ "$2" = 2 ]; then
    # The owner does not get cgroup.procs: with it they could move a process from one cgroup
    # of the namespace to another, which only the release agent may do.
    delegate "$cgroup"
    for controller in cpu io memory pids; do
      echo "+$controller" >"$3/cgroup.subtree_control" || continue
      echo "+$controller" >"$cgroup/cgroup.subtree_control" || continue
    done 2>/dev/null
    # Deeper cgroups could have paths that are too long for /proc/PID/cgroup.
    for limit in depth=12 descendants=6000; do
      [ ! -e "$cgroup/cgroup.max.${limit%=*}" ] || echo "${limit#*=}" >"$cgroup/cgroup.max.${limit%=*}"
    done
    mkdir -p "$cgroup/shims"
    unified=$3
  else
    delegate "$cgroup" cgroup.procs tasks
    # A cpuset without processors and memory nodes accepts no process.
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$cgroup/$file" ] || [ -n "$(cat "$cgroup/$file")" ] || cat "$3/$file" >"$cgroup/$file"
    done
  fi
  # At daemon-reload systemd removes each empty cgroup of v1 that is not a mount point.
  [ "$2" = 2 ] || attach "$cgroup" "$cgroup" --bind
  # If the cgroup was removed nevertheless, the bind mount shows an empty directory.
  [ -e "$run/$1/cgroup.procs" ] || {
    mkdir "$run/$1" 2>/dev/null || umount "$run/$1" 2>/dev/null || :
    mount_point "$run/$1"
    mount --bind "$cgroup" "$run/$1"
  }
  case ,$1, in
  *,unified,* | *,cpu,* | *,cpuacct,* | *,memory,* | *,pids,*) tasks=true ;;
  *,freezer,*) [ "$layout" = legacy ] && tasks=true || tasks=false ;;
  *) [ -e "$cgroup/blkio.bfq.weight" ] || [ -e "$cgroup/blkio.weight" ] && tasks=true || tasks=false ;;
  esac
  json="$json${json:+,}{\"name\":\"$1\",\"version\":$2,\"cgroup\":\"$cgroup\",\"tasks\":$tasks}"
  [ "$tasks" = false ] || own="$own $1"
}

# Makes the cgroup in which exit commands are frozen, in the unified hierarchy or v1's freezer.
exit_commands() {
  exits=$(echo "$found" | grep -oE '^unified |^([a-z,]*,)?freezer(,[a-z,]*)? ' | sort -r | head -n 1)
  exits=${exits% }
  case $exits in
  '') return ;;
  unified) freeze=cgroup.freeze thawed=0 ;;
  *) freeze=freezer.state thawed=THAWED ;;
  esac
  delegate "$run/$exits/exits"
}

# Writes the release agent. It is replaced by rename, for the kernel may run it at any moment,
# and then called once, for it cannot be executed if its file system is mounted noexec.
release_agent() {
  mkdir -p "$lib"
  sed -e "s|@NAMESPACE@|$ns|" -e "s|@UID@|$uid|" -e "s|@HIERARCHIES@|${own# }|" -e "s|@UNIFIED@|$unified|" \
    -e "s|@EXITS@|$exits|" -e "s|@FREEZE@|$freeze|" -e "s|@THAWED@|$thawed|" >"$lib/release-agent.new" <<EOF
$agent
EOF
  chmod 755 "$lib/release-agent.new"
  # Where SELinux confines the kernel, the label says whether the kernel may run it.
  [ ! -e /sys/fs/selinux/enforce ] || restorecon "$lib/release-agent.new" 2>/dev/null || :
  mv "$lib/release-agent.new" "$lib/release-agent"
  "$lib/release-agent" / || fail 1 "cannot execute $lib/release-agent: is /var/lib mounted noexec?"
}

named_hierarchy() {
  attach "lanco-$ns" "$run/named" -t cgroup -o "nosuid,nodev,noexec,none,name=lanco-$ns" ||
    fail 1 "cannot mount a named hierarchy: boot without cgroup_no_v1=named, and run init outside of containers"
  echo 1 >"$run/named/notify_on_release"
  # Make and empty a cgroup: unless the kernel runs the agent, no task would ever end. If this
  # is not the first init the directory is the owner's, who could rename it: take it meanwhile.
  chown 0:0 "$run/named"
  read -r try </proc/sys/kernel/random/uuid
  try=$run/named/new-$try tries=0
  mkdir "$try"
  while [ -d "$try" ] && [ "$((tries += 1))" -le 200 ]; do
    # Again from time to time, for an agent that has too much to do tells the kernel to run none.
    if [ "$((tries % 20))" = 1 ]; then
      echo "$lib/release-agent" >"$run/named/release_agent"
      { mkdir "$try/child" && rmdir "$try/child"; } 2>/dev/null || :
    fi
    sleep 0.01
  done
  chmod 755 "$run/named"
  chown "+$uid:+$gid" "$run/named"
  [ -d "$try" ] || return 0
  read -r enforced 2>/dev/null </sys/fs/selinux/enforce || enforced=0
  [ "$enforced" = 0 ] || fail 1 "the kernel does not run $lib/release-agent: SELinux forbids it unless the module of \"lanco man selinux\" is loaded; or release $ns, and init it with --keeper systemd"
  fail 1 "the kernel does not run $lib/release-agent: run init in the first mount namespace"
}

# Makes the unit that stops the tasks at the shutdown of the host, where systemd runs. Without it
# they are killed in the end, when the network may be gone.
stop_unit() {
  unit_is_ours || fail 1 "there is a unit $unit already, of another's (${known:-$unit_file})"
  unit_write
  ask_systemd start --job-mode=ignore-dependencies "$unit"
}

# named_up AGAIN BEST_EFFORT LIMIT...: makes the cgroups of the namespace, and what tracks its tasks; sets what the
# record says of them.
# shellcheck disable=SC2034 # up.sh writes them down
named_up() {
  json='' own='' unified=/none exits='' freeze='' thawed=''
  # Closed to others, who could lock the agent's lock file; in "usage", which older versions remove.
  [ -d "$run/usage/.errands" ] || { mkdir -p "$run/usage" && mkdir -m 0700 "$run/usage/.errands"; }
  found=$(hierarchies)
  [ -n "$found" ] || fail 1 "no cgroup hierarchy is mounted: mount one, e.g. with \"mount -t cgroup2 none /sys/fs/cgroup\""
  case $(echo "$found" | cut -d' ' -f2 | sort -u | tr -d '\n') in
  12) layout=hybrid ;;
  2) layout=unified ;;
  *) layout=legacy ;;
  esac
  while read -r name version point; do
    hierarchy "$name" "$version" "$point"
  done <<EOF
$found
EOF
  exit_commands
  numbers_left "$unified" /proc/cgroups
  limits "$@"
  release_agent
  named_hierarchy
  # systemd starts nothing for who is not in passwd.
  [ -d /run/systemd/system ] && getent passwd "$uid" >/dev/null || return 0
  why=$( (stop_unit) 2>&1) || echo "the tasks of $ns will not be stopped in order at the shutdown of the host: ${why%%
*}"
}
