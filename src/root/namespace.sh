# The body of "init" and of "release" without a task. It runs as root, with an
# empty environment, and trusts nothing that the owner of a namespace can write.
#
#   namespace.sh up NAMESPACE USER GROUP AGENT BEST_EFFORT LIMIT...
#   namespace.sh down NAMESPACE
#
# AGENT is the release agent's text. A LIMIT is OPTION:ALTERNATIVE|..., each of them
# FILE=VALUE,...: the first one whose files there are is written.
# A failure is one line on standard error and the exit status of the contract.
set -eu
umask 022
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
ns=$2
run=/run/lanco/$ns lib=/var/lib/lanco/$ns log=/var/log/lanco-$ns

fail() {
  status=$1
  shift
  echo "$*" >&2
  exit "$status"
}

# cgroup_v1_name OPTIONS: the controllers or the name of a v1 hierarchy, from the
# options of its mount; nothing for one of lanĉo's own.
cgroup_v1_name() {
  name=
  IFS=,
  for option in $1; do
    case $option in
    name=lanco-*) name= && break ;;
    name=*) option=${option#name=} ;;
    cpu | cpuacct | cpuset | memory | pids | freezer | devices | blkio) ;;
    net_cls | net_prio | perf_event | hugetlb | rdma | misc) ;;
    *) continue ;;
    esac
    name=${name:+$name,}$option
  done
  unset IFS
}

# Prints name, version and mount point of each hierarchy, once each.
hierarchies() {
  seen=" "
  while read -r _ _ _ root point rest; do
    rest=${rest##* - }
    case $root:${rest%% *} in
    /:cgroup2) name=unified version=2 ;;
    /:cgroup) cgroup_v1_name "${rest##* }" && version=1 ;;
    *) continue ;;
    esac
    case "$seen" in *" $name "*) continue ;; esac
    seen="$seen$name "
    [ -z "$name" ] || echo "$name $version $point"
  done </proc/self/mountinfo
}

# delegate DIRECTORY FILE...: make the directory and give it and the files to the owner.
delegate() {
  dir=$1
  shift
  mkdir "$dir" 2>/dev/null || [ -d "$dir" ] || fail 1 "cannot make the cgroup $dir: is its hierarchy mounted read-only?"
  chown "$uid:$gid" "$dir"
  for file; do [ ! -e "$dir/$file" ] || chown "$uid:$gid" "$dir/$file"; done
}

# attach SOURCE TARGET OPTION...: mount it there, unless that has been done.
attach() {
  target=$2
  mkdir -p "$target"
  mountpoint -q "$target" || mount "$@"
}

# A task gets a cgroup of its own where it is tracked, limited or counted. In the
# other hierarchies all tasks share the namespace's: they only leave their caller's.
hierarchy_up() {
  cgroup=$3/lanco-$ns
  if [ "$2" = 2 ]; then
    delegate "$cgroup" cgroup.procs cgroup.threads cgroup.subtree_control
    for controller in cpu io memory pids; do
      echo "+$controller" >"$3/cgroup.subtree_control" || continue
      echo "+$controller" >"$cgroup/cgroup.subtree_control" || continue
    done 2>/dev/null
    for leaf in shims exits; do delegate "$cgroup/$leaf" cgroup.procs cgroup.threads; done
  else
    delegate "$cgroup" cgroup.procs tasks
    # Until it has processors and memory nodes, a cpuset accepts no process.
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$cgroup/$file" ] || [ -n "$(cat "$cgroup/$file")" ] || cat "$3/$file" >"$cgroup/$file"
    done
  fi
  # On hybrid and legacy hosts systemd removes every empty cgroup of v1 at
  # daemon-reload, unless something is mounted on it.
  [ "$2" = 2 ] || attach "$cgroup" "$cgroup" --bind
  # A cgroup that was removed all the same has left an empty directory here.
  [ -e "$run/$1/cgroup.procs" ] || umount "$run/$1" 2>/dev/null || :
  attach "$cgroup" "$run/$1" --bind
  case ,$1, in
  *,unified,* | *,cpu,* | *,cpuacct,* | *,memory,* | *,pids,*) tasks=true ;;
  *,freezer,*) [ "$layout" = legacy ] && tasks=true || tasks=false ;;
  *) [ -e "$cgroup/blkio.bfq.weight" ] || [ -e "$cgroup/blkio.weight" ] && tasks=true || tasks=false ;;
  esac
  json="$json${json:+,}{\"name\":\"$1\",\"version\":$2,\"cgroup\":\"$cgroup\",\"tasks\":$tasks}"
  [ "$tasks" = false ] || own="$own $1"
  [ "$2" = 1 ] || unified=$3
}

# limit OPTION:...: set it for the whole namespace.
limit() {
  IFS='|'
  for setting in ${1#*:}; do
    unset IFS
    while read -r _ _ point; do
      [ -e "$point/lanco-$ns/${setting%%=*}" ] || continue
      echo "${setting#*=}" >"$point/lanco-$ns/${setting%%=*}" || fail 1 "cannot set ${1%%:*} to ${setting#*=}"
      return
    done <<EOF
$found
EOF
  done
  [ "$best_effort" = yes ] || fail 1 "${1%%:*} cannot be enforced: this host has no controller for it: leave it out, or give --best-effort"
  echo "${1%%:*} cannot be enforced: this host has no controller for it"
}

owner_ids() {
  case $user in
  *[!0-9]*) uid=$(id -u -- "$user" 2>/dev/null) || fail 1 "unknown user \"$user\": see \"getent passwd\"" ;;
  *) uid=$user ;;
  esac
  case $group in
  '') gid=$(id -g -- "$user" 2>/dev/null) || fail 1 "user $user has no primary group: give one with -g" ;;
  *[!0-9]*) gid=$(getent group "$group" | cut -d: -f3) ;;
  *) gid=$group ;;
  esac
  [ -n "$gid" ] || fail 1 "unknown group \"$group\": see \"getent group\""
}

# What a failed init has begun is taken back, unless the namespace was there before.
undo() {
  status=$?
  trap - EXIT
  if [ "$status" != 0 ]; then
    (down) >/dev/null 2>&1 || :
    rmdir "$log" 2>/dev/null || :
    [ -d "$run" ] || rm -f "/run/lanco/.lock-$ns"
  fi
  exit "$status"
}

up() {
  user=$1 group=$2 agent=$3 best_effort=$4 json='' own='' unified=/none
  shift 4
  [ -e "$run/namespace.json" ] || trap undo EXIT
  owner_ids
  ids="\"uid\":$uid,\"gid\":$gid"
  [ ! -e "$run/namespace.json" ] || grep -q "$ids," "$run/namespace.json" ||
    fail 1 "namespace $ns belongs to $(stat -c %U:%G "$run/runs"): run \"lanco $ns release\" first"
  mkdir -p "$run/usage" "$lib"
  delegate "$run/runs"
  mkdir -m 0750 "$log" 2>/dev/null || [ -d "$log" ] || fail 1 "cannot make $log"
  chown -h "$uid:$gid" "$log"
  # The logs in it belong to the group, also where that is not the owner's own.
  [ "$(id -g "$uid" 2>/dev/null)" = "$gid" ] || chmod g+s "$log"
  mkdir -p "$run/named" # from here on it is a namespace that needs /proc
  flock 9
  attach /proc /run/lanco/proc --bind
  flock -u 9

  found=$(hierarchies)
  case $(echo "$found" | cut -d' ' -f2 | sort -u | tr -d '\n') in
  12) layout=hybrid ;;
  2) layout=unified ;;
  *) layout=legacy ;;
  esac
  while read -r name version point; do
    [ -z "$name" ] || hierarchy_up "$name" "$version" "$point"
  done <<EOF
$found
EOF
  for limit; do limit "$limit"; done
  [ -n "$json" ] || fail 1 "no cgroup hierarchy is mounted: mount one, e.g. with \"mount -t cgroup2 none /sys/fs/cgroup\""

  # The kernel runs the agent as root: it is replaced as a whole, and must be executable where it lies.
  getent passwd "$uid" >/dev/null && setpriv=--init-groups || setpriv=--clear-groups
  ! setpriv --help | grep -q reset-env || [ "$setpriv" = --clear-groups ] || setpriv="$setpriv --reset-env"
  sed -e "s|@NAMESPACE@|$ns|" -e "s|@UID@|$uid|" -e "s|@GID@|$gid|" -e "s|@SETPRIV@|$setpriv|" \
    -e "s|@HIERARCHIES@|$own|" -e "s|@UNIFIED@|$unified|" >"$lib/release-agent.new" <<EOF
$agent
EOF
  chmod 755 "$lib/release-agent.new"
  mv "$lib/release-agent.new" "$lib/release-agent"
  "$lib/release-agent" / || fail 1 "cannot execute $lib/release-agent: is /var/lib mounted noexec?"

  attach "lanco-$ns" "$run/named" -t cgroup -o "nosuid,nodev,noexec,none,name=lanco-$ns" ||
    fail 1 "cannot mount a named hierarchy: boot without cgroup_no_v1=named, and run init outside of containers"
  echo "$lib/release-agent" >"$run/named/release_agent"
  echo 1 >"$run/named/notify_on_release"
  # Make and empty a cgroup: unless the agent takes it away, no task would ever end.
  mkdir -p "$run/named/new-init/child"
  rmdir "$run/named/new-init/child"
  tries=0
  while [ -d "$run/named/new-init" ]; do
    [ "$((tries += 1))" -lt 200 ] || fail 1 "the kernel does not run $lib/release-agent: run init in the first mount namespace"
    sleep 0.01
  done
  chmod 755 "$run/named"
  chown "$uid:$gid" "$run/named"

  echo "{\"version\":1,\"namespace\":\"$ns\",$ids,\"owner\":\"$(stat -c %U "$run/runs")\",\"layout\":\"$layout\",\"hierarchies\":[$json]}" \
    >"$run/namespace.json.new"
  mv "$run/namespace.json.new" "$run/namespace.json"
}

# Prints a process of each cgroup of the namespace that has one.
processes() {
  for name in $names; do
    find "$run/$name" -name cgroup.procs -exec cat {} +
  done
  find "$run/named" -mindepth 2 -name cgroup.procs -exec cat {} +
}

# detach TARGET: unmount it. Somebody may be reading in it at this moment.
detach() {
  tries=0
  while mountpoint -q "$1" && ! umount "$1" 2>/dev/null; do
    [ "$((tries += 1))" -lt 100 ] || fail 1 "cannot unmount $1: see \"fuser -vm $1\""
    sleep 0.02
  done
  rmdir "$1"
}

# Whether the kernel drops the named hierarchy soon after its umount.
hierarchy_goes() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    grep -q ":name=lanco-$ns:" /proc/self/cgroup || return 0
    sleep 0.02
  done
  return 1
}

down() {
  uid=$(stat -c %u "$run/runs") gid=$(stat -c %g "$run/runs") names=''
  found=$(hierarchies)
  while read -r name _ point; do
    mountpoint -q "$run/$name" && names="$names $name"
  done <<EOF
$found
EOF
  if mountpoint -q "$run/named"; then
    chown 0:0 "$run/named" # from here on the owner starts no task
    if [ -n "$(processes 2>/dev/null)" ]; then
      chown "$uid:$gid" "$run/named"
      fail 4 "tasks of namespace $ns are running: see \"lanco $ns ls\", stop them first"
    fi
    find "$run/named" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || :
  fi
  rm -f "$run/namespace.json"
  while read -r name _ point; do
    umount "$point/lanco-$ns" 2>/dev/null || :
    [ ! -d "$point/lanco-$ns" ] || find "$point/lanco-$ns" -depth -type d -exec rmdir {} + 2>/dev/null || :
    [ ! -d "$point/lanco-$ns" ] || fail 1 "cannot remove $point/lanco-$ns: is it in use?"
    [ ! -d "$run/$name" ] || detach "$run/$name"
  done <<EOF
$found
EOF
  # A hierarchy that is unmounted while its last cgroup is still dying goes on
  # without a mount, for ever: then mount it again and unmount it later.
  tries=0
  while mountpoint -q "$run/named"; do
    [ "$((tries += 1))" -lt 50 ] || fail 1 "cannot unmount $run/named: see \"fuser -vm $run/named\""
    umount "$run/named" 2>/dev/null && hierarchy_goes && break
    attach "lanco-$ns" "$run/named" -t cgroup -o "none,name=lanco-$ns"
    sleep 0.1
  done
  # What the owner wrote is removed with his rights, not with root's.
  setpriv --reuid "$uid" --regid "$gid" --clear-groups rm -rf -- "$run/runs" 2>/dev/null || :
  rm -rf "$run/usage" "$lib"
  rmdir "$run/named" "$run/runs" "$run"
  flock 9
  [ -n "$(ls -d /run/lanco/*/named 2>/dev/null)" ] || detach /run/lanco/proc
  flock -u 9
  rm -f "/run/lanco/.lock-$ns"
}

[ "$(id -u)" = 0 ] || fail 6 "only root may do this: run it with sudo"
case $ns in '' | [.-]* | *[!A-Za-z0-9._-]*) fail 2 "\"$ns\" cannot name a namespace" ;; esac
[ "$1" = up ] || [ -d "$run" ] || fail 5 "namespace $ns is not initialised: there is nothing to release"
mkdir -p /run/lanco
# One lock for what all namespaces share, and one for this one.
umask 077
exec 9>>/run/lanco/.lock 8>>"/run/lanco/.lock-$ns"
umask 022
# A release removes the lock, and with it the right of those who wait for it.
if ! flock -w 60 8 || ! [ "$(stat -Lc %i /proc/self/fd/8)" = "$(stat -c %i "/run/lanco/.lock-$ns" 2>&1)" ]; then
  fail 1 "another init or release of $ns is running: try again"
fi
action=$1
shift 2
if [ "$action" = up ]; then up "$@"; else down; fi
