# The body of "init": brings a namespace up, or repairs one that is there. After
# common.sh and down.sh, which takes back what could not be finished.
#
#   up NAMESPACE USER GROUP RECORDS HOST BEST_EFFORT AGENT LIMIT...
#
# RECORDS is how much memory its records may take, in bytes, or nothing; HOST is JSON of
# what the host has; AGENT is the release agent's text. A LIMIT is
# OPTION:FILE=VALUE|...: the first one whose file there is is written.
user=$1 group=$2 records=$3 host=$4 best_effort=$5 agent=$6
shift 6

# number TEXT: sets number to what it says in digits; fails if it says none that an
# account can have. The greatest is "leave it as it is" to chown(2).
number() {
  number=
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  number=${1#"${1%%[!0]*}"}
  number=${number:-0}
  [ "${#number}" -le 10 ] && [ "$number" -lt 4294967295 ]
}

# Sets uid and gid. As id(1) and chown(1) do it, a name comes before a number, also one of
# digits alone; from here on there are numbers only, written so that nobody takes one for
# a name. What is at hand to ask for a group so is chgrp(1), of a file of root's.
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
    # With the greatest number chgrp(1) leaves the file as it is.
    if { ! number "$group" && [ "$number" = 4294967295 ]; } || ! chgrp -- "$group" "/run/lanco/.lock-$ns" 2>/dev/null; then
      fail 1 "unknown group \"$group\": see \"getent group\""
    fi
    gid=$(stat -c %g "/run/lanco/.lock-$ns")
  fi
}

# delegate DIRECTORY FILE...: makes a cgroup and gives it and the files to the owner.
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

# attach SOURCE TARGET OPTION...: mounts it there, unless that had been done.
attach() {
  [ -d "$2" ] || mkdir -p "$2"
  case $points in
  *"
$2
"*) ;;
  *) mount "$@" ;;
  esac
}

# What is left of a failed init is taken back, unless the namespace was there before.
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

# The directory of the logs. All is done from within, where no link can be put in the
# way. One that another user has had is moved aside: there may be links in it.
log_directory() {
  logs=lanco-$ns
  cd -P /var/log
  place=$(pwd -P)
  mkdir -m 0700 "$logs" 2>/dev/null || [ -d "$logs" ] || fail 1 "cannot make the directory /var/log/$logs"
  case $(stat -c %u:%a "$logs") in
  0:*[0145][0145]) ;; # root's, and nobody else could write
  "$uid":*) [ "$uid" != 0 ] || logs_aside ;;
  *) logs_aside ;;
  esac
  cd -P "$logs"
  [ "$(pwd -P)" = "$place/$logs" ] || fail 1 "/var/log/$logs is a link: remove it, and try again"
  chown "+$uid:+$gid" .
  # The logs belong to the group also where that is not the owner's own.
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

# The records are the owner's, and he shall fill no more than this. By default, there is
# room for a thousand runs; a file takes a page at least.
record_directory() {
  options=nosuid,nodev,noexec,size=${records:-33554432},nr_inodes=$((${records:-33554432} / 2048))
  attach "lanco-$ns" "$run/runs" -t tmpfs -o "$options,uid=$uid,gid=$gid,mode=2750"
  [ -z "$records" ] || mount -o "remount,$options" "$run/runs" 2>/dev/null ||
    fail 1 "cannot set --records to $records: there is more than that"
}

# Who sees it sees his own processes in it, and nothing else of the host. Before Linux
# 5.8 there are no such mounts.
proc() {
  flock 9
  # Not before: the release of the last namespace removes it.
  mkdir -p /run/lanco/proc
  mountpoint -q /run/lanco/proc ||
    mount -t proc -o ro,nosuid,nodev,noexec,hidepid=ptraceable,subset=pid lanco /run/lanco/proc 2>/dev/null ||
    mount --bind -o ro,nosuid,nodev,noexec /proc /run/lanco/proc
  flock -u 9
}

# A task gets a cgroup of its own where it is tracked, limited or counted. In the
# other hierarchies all tasks share the namespace's: they only leave their caller's.
hierarchy() {
  cgroup=$3/lanco-$ns
  if [ "$2" = 2 ]; then
    # Who may write the namespace's cgroup.procs could take a process from one of its
    # cgroups to another: only the release agent does.
    delegate "$cgroup"
    for controller in cpu io memory pids; do
      echo "+$controller" >"$3/cgroup.subtree_control" || continue
      echo "+$controller" >"$cgroup/cgroup.subtree_control" || continue
    done 2>/dev/null
    # No path may become longer than the kernel can say.
    for limit in depth=12 descendants=6000; do
      [ ! -e "$cgroup/cgroup.max.${limit%=*}" ] || echo "${limit#*=}" >"$cgroup/cgroup.max.${limit%=*}"
    done
    mkdir -p "$cgroup/shims"
    unified=$3
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

# numbers_left UNIFIED CGROUPS: says it when more than half of the numbers may go that the
# kernel has for the memory cgroups of all: where that is v2, by what the namespaces may
# make, else by what there is (/proc/cgroups).
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

# Where exit commands sleep until their time has come: beside the tasks in the unified
# hierarchy, else where there is a freezer.
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

# The kernel runs it as root: it is replaced as a whole, and must be executable where it lies.
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
  # Make and empty a cgroup: unless the agent takes it away, no task would ever end. The
  # owner, who has the directory if this is not the first init, could rename it.
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

# The owner's name, or his number if he has none, for JSON: it may have a backslash.
# getent(1) takes what has digits alone for a number.
owner_name() {
  { getent passwd "$uid" || echo "$uid"; } | cut -d: -f1 | sed 's/[\\"]/\\&/g'
}

lock
# As long as this has the lock, nobody else mounts or unmounts what is the namespace's.
points="
$(cut -d' ' -f5 /proc/self/mountinfo)
"
json='' own='' unified=/none exits='' freeze='' thawed=''
again=yes
[ -e "$run/namespace.json" ] || again=no
[ -e "$run/namespace.json" ] || [ -e "$run/namespace.json.old" ] || trap undo EXIT
owner_ids
ids="\"uid\":$uid,\"gid\":$gid"
# What is half released may still have mounts that are another's.
for record in "$run/namespace.json" "$run/namespace.json.old"; do
  [ ! -e "$record" ] || grep -q "$ids," "$record" ||
    fail 1 "namespace $ns belongs to $(stat -c %U:%G "$run/runs" 2>/dev/null || echo another): run \"lanco $ns release\" first"
done
mkdir -p "$run/usage" "$run/named" # from here on it is a namespace that needs the proc
# Who may open what is in it could take the release agent's lock.
# There, for the release of a version before this one removes what it knows.
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
# Not echo, which in some shells reads backslashes.
printf '%s\n' "{\"version\":2,\"namespace\":\"$ns\",$ids,\"owner\":\"$(owner_name)\",\"layout\":\"$layout\",\"host\":$host,\"exits\":\"$exits\",\"hierarchies\":[$json]}" \
  >"$run/namespace.json.new"
mv "$run/namespace.json.new" "$run/namespace.json"
rm -f "$run/namespace.json.old"
