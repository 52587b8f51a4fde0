# The body of "init": makes a namespace, or repairs one. It follows common.sh, down.sh (which
# removes a namespace that could not be completed) and limits.sh.
#
#   up NAMESPACE USER GROUP RECORDS HOST BEST_EFFORT AGENT LIMIT...
#
# RECORDS is the size of the records' file system in bytes, or empty; HOST is the capacity of
# the host as JSON; BEST_EFFORT is yes or no; AGENT is the text of the release agent. A LIMIT
# is OPTION:FILE=VALUE|FILE=VALUE...: the value is written to the first file that exists.
user=$1 group=$2 records=$3 host=$4 best_effort=$5 agent=$6
shift 6

# number TEXT: sets number to the number that the digits of TEXT stand for. Fails unless it can
# be the id of an account; to chown(2) the greatest number means "leave the id as it is".
number() {
  number=
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  number=${1#"${1%%[!0]*}"}
  number=${number:-0}
  [ "${#number}" -le 10 ] && [ "$number" -lt 4294967295 ]
}

# Sets uid and gid from user and group. As in id(1) and chown(1), a name comes before a number,
# even if it consists of digits; later chown(1) is given numbers with a "+", which it never takes
# for names. As there is no id(1) for groups, chgrp(1) looks one up, on a file of root's.
owner_ids() {
  if uid=$(id -u -- "$user" 2>/dev/null); then
    primary=$(id -g -- "$user")
  else
    number "$user" || fail 1 "unknown user \"$user\": see \"getent passwd\""
    uid=$number primary=
  fi
  if [ -z "$group" ]; then
    gid=$primary
    [ -n "$gid" ] || fail 1 "user $user has no primary group: give one with -g"
  else
    # With the greatest number chgrp(1) would succeed and leave the file as it is.
    if { ! number "$group" && [ "$number" = 4294967295 ]; } || ! chgrp -- "$group" "/run/lanco/.lock-$ns" 2>/dev/null; then
      fail 1 "unknown group \"$group\": see \"getent group\""
    fi
    gid=$(stat -c %g "/run/lanco/.lock-$ns")
  fi
}

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

# attach SOURCE TARGET OPTION...: mounts SOURCE on TARGET, unless TARGET was a mount point before.
attach() {
  [ -d "$2" ] || mkdir -p "$2"
  case $points in
  *"
$2
"*) ;;
  *) mount "$@" ;;
  esac
}

# At the exit of an init that failed to make a new namespace: removes what it has made.
undo() {
  status=$?
  trap - EXIT
  if [ "$status" != 0 ]; then
    (down) >/dev/null 2>&1 || :
    rmdir "/var/log/lanco-$ns" 2>/dev/null || :
    [ -d "$run" ] || rm -f "/run/lanco/.lock-$ns"
  fi
  exit "$status"
}

# Makes the directory of the logs. The shell changes into /var/log and into it, so that nobody can
# lay symbolic links in the way. A directory that may have been writable by another user is moved
# aside, for there may be links in it.
log_directory() {
  logs=lanco-$ns
  cd -P /var/log
  place=$(pwd -P)
  mkdir -m 0700 "$logs" 2>/dev/null || [ -d "$logs" ] || fail 1 "cannot make the directory /var/log/$logs"
  case $(stat -c %u:%a "$logs") in
  0:*[0145][0145]) ;; # of root, and not writable by others
  "$uid":*) [ "$uid" != 0 ] || logs_aside ;;
  *) logs_aside ;;
  esac
  cd -P "$logs"
  [ "$(pwd -P)" = "$place/$logs" ] || fail 1 "/var/log/$logs is a link: remove it, and try again"
  chown "+$uid:+$gid" .
  # With set-group-ID, logs belong to the group even if it is not the owner's primary one.
  if [ "$(getent passwd "$uid" | cut -d: -f4)" = "$gid" ]; then sticky=g-s; else sticky=g+s; fi
  chmod "u=rwx,g=rx,o=,$sticky" .
  cd /
}

logs_aside() {
  aside=$logs.$(date +%Y%m%dT%H%M%S)
  mv -nT "$logs" "$aside"
  mkdir -m 0700 "$logs"
  echo "the logs in /var/log/$logs may have been written by others: they are in /var/log/$aside now"
}

# Mounts the file system of the records, limited in size and files, for the owner can fill it.
# The default has room for a thousand runs; each file takes at least a page.
record_directory() {
  options=nosuid,nodev,noexec,size=${records:-33554432},nr_inodes=$((${records:-33554432} / 2048))
  attach "lanco-$ns" "$run/runs" -t tmpfs -o "$options,uid=$uid,gid=$gid,mode=2750"
  [ -z "$records" ] || mount -o "remount,$options" "$run/runs" 2>/dev/null ||
    fail 1 "cannot set --records to $records: there is more than that"
}

# Mounts the proc of /run/lanco, in which users see their own processes only, and nothing
# else of the host. Before Linux 5.8, which lacks these options, it is a read-only bind mount.
proc() {
  flock 9
  # After the lock is taken, for the release of the last namespace removes the directory.
  mkdir -p /run/lanco/proc
  mountpoint -q /run/lanco/proc ||
    mount -t proc -o ro,nosuid,nodev,noexec,hidepid=ptraceable,subset=pid lanco /run/lanco/proc 2>/dev/null ||
    mount --bind -o ro,nosuid,nodev,noexec /proc /run/lanco/proc
  flock -u 9
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

# numbers_left UNIFIED CGROUPS: warns when more than half of the kernel's ids of memory cgroups may
# be taken: in v2 by all cgroups that namespaces may make, in v1 by those counted in /proc/cgroups.
numbers_left() {
  taken=0
  if [ -r "$1/cgroup.controllers" ] && grep -qw memory "$1/cgroup.controllers"; then
    for share in "$1"/lanco-*/cgroup.max.descendants; do
      read -r share <"$share" || continue
      case $share in *[!0-9]*) ;; *) taken=$((taken + share)) ;; esac
    done 2>/dev/null
    which="the namespaces of this host may make $taken"
  else
    while read -r name _ many _; do [ "$name" != memory ] || taken=$many; done <"$2"
    which="this host has $taken"
  fi
  [ "$taken" -le 32767 ] || echo "$which of the 65535 memory cgroups that the kernel has numbers for: release a namespace, for without a number nothing can be started in a cgroup of its own"
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
  mv "$lib/release-agent.new" "$lib/release-agent"
  "$lib/release-agent" / || fail 1 "cannot execute $lib/release-agent: is /var/lib mounted noexec?"
}

named_hierarchy() {
  attach "lanco-$ns" "$run/named" -t cgroup -o "nosuid,nodev,noexec,none,name=lanco-$ns" ||
    fail 1 "cannot mount a named hierarchy: boot without cgroup_no_v1=named, and run init outside of containers"
  echo "$lib/release-agent" >"$run/named/release_agent"
  echo 1 >"$run/named/notify_on_release"
  # Make and empty a cgroup: unless the kernel runs the agent, no task would ever end. If this
  # is not the first init the directory is the owner's, who could rename it: take it meanwhile.
  chown 0:0 "$run/named"
  read -r try </proc/sys/kernel/random/uuid
  try=$run/named/new-$try
  mkdir "$try" "$try/child"
  rmdir "$try/child"
  tries=0
  while [ -d "$try" ]; do
    [ "$((tries += 1))" -lt 200 ] || {
      chown "+$uid:+$gid" "$run/named"
      fail 1 "the kernel does not run $lib/release-agent: run init in the first mount namespace"
    }
    sleep 0.01
  done
  chmod 755 "$run/named"
  chown "+$uid:+$gid" "$run/named"
}

# Sets boot to JSON with the id of this boot and its time, which the first init has computed.
boot() {
  read -r id </proc/sys/kernel/random/boot_id
  boot=
  if read -r record <"$run/namespace.json"; then
    case $record in *'"boot":{"id":"'"$id"'",'*) boot=${record#*'"boot":{'} && boot="{${boot%%\}*}}" && return ;; esac
  fi 2>/dev/null
  read -r up _ </proc/uptime
  boot="{\"id\":\"$id\",\"at\":$(($(date +%s) - ${up%.*}))000}"
}

# Prints the owner's name as in a string of JSON, or the number if there is no name. getent(1)
# takes a word of digits for an id, and never for a name.
owner_name() {
  { getent passwd "$uid" || echo "$uid"; } | cut -d: -f1 | sed 's/[\\"]/\\&/g'
}

lock
# The mount points. As long as this script has the lock, no other changes the namespace's.
points="
$(cut -d' ' -f5 /proc/self/mountinfo)
"
json='' own='' unified=/none exits='' freeze='' thawed=''
again=yes
[ -e "$run/namespace.json" ] || again=no
[ -e "$run/namespace.json" ] || [ -e "$run/namespace.json.old" ] || trap undo EXIT
owner_ids
# gid comes first, so that the init of version 1.1.0 does not recognise the record, and refuses.
ids="\"gid\":$gid,\"uid\":$uid"
# A namespace that is half released may still have mounts of another owner.
for record in "$run/namespace.json" "$run/namespace.json.old"; do
  [ ! -e "$record" ] || grep -q -e "$ids," -e "\"uid\":$uid,\"gid\":$gid," "$record" ||
    fail 1 "namespace $ns belongs to $(stat -c %U:%G "$run/runs" 2>/dev/null || echo another): run \"lanco $ns release\" first"
done
mkdir -p "$run/usage" "$run/named" # from here on it is a namespace that needs the proc
# Closed to others, who could lock the agent's lock file; in "usage", which older versions remove.
[ -d "$run/usage/.errands" ] || mkdir -m 0700 "$run/usage/.errands"
proc
record_directory
log_directory

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
limits "$again" "$best_effort" "$@"
release_agent
named_hierarchy
boot
# In some shells echo interprets backslashes.
printf '%s\n' "{\"version\":3,\"namespace\":\"$ns\",$ids,\"owner\":\"$(owner_name)\",\"layout\":\"$layout\",\"host\":$host,\"exits\":\"$exits\",\"hierarchies\":[$json],\"boot\":$boot}" \
  >"$run/namespace.json.new"
mv "$run/namespace.json.new" "$run/namespace.json"
rm -f "$run/namespace.json.old"
