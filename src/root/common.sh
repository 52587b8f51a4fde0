# The common beginning of the scripts that make and remove a namespace. They run as root,
# with an empty environment, and trust nothing that the owner of a namespace can write.
# lanco calls them with these arguments:
#
#   up NAMESPACE ARGUMENT...    see up.sh
#   down NAMESPACE              see down.sh
#
# A failure is reported as one line on standard error, and by an exit status of lanco(8).
# A line on standard output is a warning, or begins with "changed": see limits.sh.
set -eu
umask 022
# The caller's limit on the size of files must not cut files that last until the next boot.
ulimit -f unlimited 2>/dev/null || :
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
action=$1 ns=$2
shift 2
# shellcheck disable=SC2034 # "lib" is of the named hierarchy
run=/run/lanco/$ns lib=/var/lib/lanco/$ns

fail() {
  status=$1
  shift
  # In some shells echo interprets backslashes, which names in the message may contain.
  printf '%s\n' "$*" >&2
  exit "$status"
}

# cgroup_v1_name OPTIONS: sets name to the controllers of a v1 hierarchy, or to its name if it
# has none, from the options of its mount; to nothing for a named hierarchy of lanĉo's own.
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

# Prints the name, the version and the mount point of each hierarchy of the host, once each.
# It passes over a mount point with characters that JSON, sed or a shell would have to quote.
# The fields after " - " are separated by its first occurrence, for the device may be called "-".
# The list is read at once: bash reads from a file anew after each line, and mounts come and go.
hierarchies() {
  seen=" "
  while read -r _ _ _ root point rest; do
    rest=${rest#* - }
    case $root:${rest%% *}:$point in
    *[!A-Za-z0-9/:._,-]*) continue ;;
    /:cgroup2:*) name=unified version=2 ;;
    /:cgroup:*) cgroup_v1_name "${rest##* }" && version=1 ;;
    *) continue ;;
    esac
    case "$seen" in *" $name "*) continue ;; esac
    seen="$seen$name "
    [ -z "$name" ] || echo "$name $version $point"
  done <<EOF
$(cat /proc/self/mountinfo)
EOF
}

# Sets keeper to what keeps this namespace: named or systemd; to nothing if nothing does yet.
# "named" tells, which is made before all else; if it was removed by hand, the record.
find_keeper() {
  keeper=
  if [ -h "$run/named" ] || grep -qs '"keeper":"systemd"' "$run/namespace.json"; then
    keeper=systemd
  elif [ -d "$run/named" ] || [ -e "$run/namespace.json" ]; then
    keeper=named
  fi
}

# remove DIRECTORY...: removes cgroups and all cgroups below them, however deep, unless there
# are processes in them. Returns 0 if all are gone, and 124 if the time of some seconds ran out.
# The kernel allows no symbolic links among cgroups.
remove() {
  timeout --foreground 9 find "$@" -xdev -depth -type d -delete 2>/dev/null
}

# Takes the lock of this namespace on descriptor 8, and opens the lock for what all namespaces
# share on descriptor 9, to be locked later. A release removes the lock file of the namespace: a
# script that waited for it then fails. The files are accessible to root alone, for whoever can
# open a file can lock it.
lock() {
  mkdir -p /run/lanco
  # The umask of who has made it may have closed it to users. Where others may have written, nothing
  # can be believed, and a link leads anywhere: an administrator has to look.
  case $(stat -c %u:%a /run/lanco) in
  0:*[0145][0145]) chmod 755 /run/lanco ;;
  *) fail 1 "others than root may write to /run/lanco: see that nothing there is theirs, then run \"chown root /run/lanco\" and \"chmod 755 /run/lanco\"" ;;
  esac
  umask 077
  exec 9>>/run/lanco/.lock 8>>"/run/lanco/.lock-$ns"
  umask 022
  if ! flock -w 60 8 || ! [ "$(stat -Lc %i /proc/self/fd/8)" = "$(stat -c %i "/run/lanco/.lock-$ns" 2>&1)" ]; then
    fail 1 "another init or release of $ns is running: try again"
  fi
}

[ "$(id -u)" = 0 ] || fail 6 "only root may do this: run it with sudo"
case $ns in
'' | [.-]* | *[!A-Za-z0-9._-]* | proc) fail 2 "\"$ns\" cannot name a namespace" ;;
esac
