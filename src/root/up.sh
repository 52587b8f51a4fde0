# The body of "init": makes a namespace, or repairs one. It follows common.sh, down.sh (which
# removes a namespace that could not be completed), limits.sh, named_up.sh and systemd_up.sh.
#
#   up NAMESPACE USER GROUP KEEPER DEMANDED RECORDS HOST BEST_EFFORT AGENT LOG_MAX LIMIT...
#
# USER and GROUP are names or numbers, or empty to leave them as they are. KEEPER is named or systemd: what is to keep a new namespace; DEMANDED is yes if no other will
# do. RECORDS is the size of the records' file system in bytes, or empty; HOST is the capacity of
# the host as JSON; BEST_EFFORT is yes or no; AGENT is the text of the release agent; LOG_MAX is the
# bound of logs in bytes, "max" to lift it, or empty to leave it as it is. A LIMIT is OPTION:FILE=VALUE|FILE=VALUE...: the value is written to the first file that exists.
# shellcheck disable=SC2034 # "agent" is of the named hierarchy
user=$1 group=$2 wanted=$3 demanded=$4 records=$5 host=$6 best_effort=$7 agent=$8 log_max=$9
shift 9

# number TEXT: sets number to the number that the digits of TEXT stand for. Fails unless it can
# be the id of an account; to chown(2) the greatest number means "leave the id as it is".
number() {
  number=
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  number=${1#"${1%%[!0]*}"}
  number=${number:-0}
  [ "${#number}" -le 10 ] && [ "$number" -lt 4294967295 ]
}

# Sets uid_was and gid_was to the owner and group of the namespace, if there is one. Only root can
# write its record, in which they come before whatever the owner has named. If there is none, as
# after an init that was killed, the file systems that are mounted for the owner tell: root's ids are
# left out in their options.
owner_before() {
  uid_was='' gid_was=''
  for record in "$run/namespace.json" "$run/namespace.json.old"; do
    read -r record <"$record" || continue
    case $record in *'"uid":'[0-9]*) ;; *) continue ;; esac
    uid_was=${record#*'"uid":'} gid_was=${record#*'"gid":'}
    uid_was=${uid_was%%[!0-9]*} gid_was=${gid_was%%[!0-9]*}
    return
  done 2>/dev/null
  options=$(grep -F -e " $run/runs " -e " $run/usage " /proc/self/mountinfo | tail -n 1)
  [ -n "$options" ] || return 0
  options=uid=0,gid=0,${options##* }
  uid_was=${options##*uid=} gid_was=${options##*gid=}
  uid_was=${uid_was%%,*} gid_was=${gid_was%%,*}
}

# Sets uid and gid from user and group; those that are not given stay as they were. As in id(1) and
# chown(1), a name comes before a number, even if it consists of digits; later chown(1) is given
# numbers with a "+", which it never takes for names. As there is no id(1) for groups, chgrp(1) looks
# one up, on a file of root's.
owner_ids() {
  owner_before
  [ -n "$user$uid_was" ] || [ ! -d "$run/runs" ] ||
    fail 1 "namespace $ns has lost its record: say with -u and -g whose it is"
  if [ -z "$user" ] && [ -n "$uid_was" ]; then
    uid=$uid_was
  elif user=${user:-root} && uid=$(id -u -- "$user" 2>/dev/null); then
    primary=$(id -g -- "$user")
  else
    number "$user" || fail 1 "unknown user \"$user\": see \"getent passwd\""
    uid=$number primary=
  fi
  if [ -z "$group" ] && [ "$uid" = "$uid_was" ]; then
    gid=$gid_was
  elif [ -z "$group" ]; then
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

# mount_point DIRECTORY: makes a directory on which something will be mounted. If systemd runs init,
# Debian's policy for SELinux lets mount(8) mount nothing on what is labelled otherwise than /run.
mount_point() {
  [ -d "$1" ] || mkdir -p "$1"
  case $1 in /run/*) [ ! -e /sys/fs/selinux/enforce ] || chcon --reference=/run "$1" 2>/dev/null || : ;; esac
}

# attach SOURCE TARGET OPTION...: mounts SOURCE on TARGET, unless TARGET was a mount point before.
attach() {
  case $points in
  *"
$2
"*) ;;
  *) mount_point "$2" && mount "$@" ;;
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

# owner_directory NAME PART MODE: mounts a file system to which the owner writes, limited in size
# and files, for it can be filled. That of the records has by default room for a thousand runs;
# each file takes at least a page. PART says what part of that size this one has.
owner_directory() {
  size=$((${records:-33554432} / $2))
  options=nosuid,nodev,noexec,size=$size,nr_inodes=$((size / 2048))
  attach "lanco-$ns" "$run/$1" -t tmpfs -o "$options,uid=$uid,gid=$gid,mode=$3"
  [ -z "$records" ] || mount -o "remount,$options" "$run/$1" 2>/dev/null ||
    fail 1 "cannot set --records to $records: there is more than that"
}

# Mounts the proc of /run/lanco, in which users see their own processes only, and nothing
# else of the host. Before Linux 5.8, which lacks these options, it is a read-only bind mount.
proc() {
  flock 9
  # After the lock is taken, for the release of the last namespace removes the directory.
  mountpoint -q /run/lanco/proc || {
    mount_point /run/lanco/proc
    mount -t proc -o ro,nosuid,nodev,noexec,hidepid=ptraceable,subset=pid lanco /run/lanco/proc 2>/dev/null ||
      mount --bind -o ro,nosuid,nodev,noexec /proc /run/lanco/proc
  }
  flock -u 9
}

# numbers_left UNIFIED CGROUPS: warns when more than half of the kernel's ids of memory cgroups may
# be taken: in v2 by all cgroups that namespaces may make, in v1 by those counted in /proc/cgroups.
numbers_left() {
  taken=0
  if [ -r "$1/cgroup.controllers" ] && grep -qw memory "$1/cgroup.controllers"; then
    for share in "$1"/lanco-*/cgroup.max.descendants "$1"/system.slice/lanco-*/cgroup.max.descendants; do
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

# Sets log_bound to the bound of logs as JSON, and reports what has changed.
log_bound() {
  old=max
  if read -r record <"$run/namespace.json"; then
    case $record in *',"logMax":'[1-9]*) old=${record#*',"logMax":'} && old=${old%%[!0-9]*} ;; esac
  fi 2>/dev/null
  new=${log_max:-$old} log_bound=
  [ "$new" = max ] || log_bound=",\"logMax\":$new"
  [ "$again" = no ] || [ "$old" = "$new" ] || echo "changed --log-max $old $new"
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
again=yes
[ -e "$run/namespace.json" ] || again=no
[ -d "$run" ] || trap undo EXIT
owner_ids
find_keeper
keeper=${keeper:-$wanted}
[ "$keeper" = "$wanted" ] || [ "$demanded" = no ] ||
  fail 1 "namespace $ns is kept by $keeper: to have another keeper, run \"lanco $ns release\" first"
# A namespace that is half made or half released may still have mounts of another owner.
[ -z "$uid_was" ] || [ "$uid:$gid" = "$uid_was:$gid_was" ] ||
  fail 1 "namespace $ns belongs to $(stat -c %U:%G "$run/runs" 2>/dev/null || echo another): leave out -u and -g, or run \"lanco $ns release\" first"
[ -e "$run/namespace.json" ] || [ -e "$run/namespace.json.old" ] || trap undo EXIT
# gid comes first, so that the init of version 1.1.0 does not recognise the record, and refuses.
ids="\"gid\":$gid,\"uid\":$uid"
mkdir -p "$run"
# From here on it is a namespace that needs the proc, and of this keeper. Whoever looks for the
# cgroup of a task finds it below "named", whatever keeps it.
if [ "$keeper" = systemd ]; then
  [ -h "$run/named" ] || ln -s unified "$run/named"
else
  mkdir -p "$run/named"
fi
proc
owner_directory runs 1 2750
log_directory
layout='' exits='' json=''
if [ "$keeper" = systemd ]; then
  systemd_up "$again" "$best_effort" "$@"
else
  named_up "$again" "$best_effort" "$@"
fi
boot
log_bound
# In some shells echo interprets backslashes.
printf '%s\n' "{\"version\":4,\"namespace\":\"$ns\",$ids,\"owner\":\"$(owner_name)\",\"keeper\":\"$keeper\",\"layout\":\"$layout\"$log_bound,\"host\":$host,\"exits\":\"$exits\",\"hierarchies\":[$json],\"boot\":$boot}" \
  >"$run/namespace.json.new"
mv "$run/namespace.json.new" "$run/namespace.json"
rm -f "$run/namespace.json.old"
