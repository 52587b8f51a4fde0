# What both need that bring a namespace up and take it down. All of it runs as root,
# with an empty environment, and trusts nothing that the owner of a namespace can write:
#
#   up NAMESPACE ARGUMENT...    see up.sh
#   down NAMESPACE              see down.sh
#
# A failure is one line on standard error and the exit status of the contract; what
# stands on standard output is a warning.
set -eu
umask 022
# The caller's limit on the size of files is none for what lasts until the next boot.
ulimit -f unlimited 2>/dev/null || :
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
action=$1 ns=$2
shift 2
run=/run/lanco/$ns lib=/var/lib/lanco/$ns

fail() {
  status=$1
  shift
  # Not echo, which in some shells reads backslashes, and names may have them.
  printf '%s\n' "$*" >&2
  exit "$status"
}

# cgroup_v1_name OPTIONS: sets name to the controllers or the name of a v1 hierarchy,
# from the options of its mount; to nothing for one of lanĉo's own.
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

# Prints name, version and mount point of each hierarchy, once each. One at a place that
# JSON, sed or a shell would have to quote is passed over; the device may be called "-".
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
  done </proc/self/mountinfo
}

# remove DIRECTORY...: removes cgroups and all below them as far as no process is in
# them, however deep, in some seconds; whether all is gone, or 124 if the time ran out.
# As they are directories of the kernel's, there are no links.
remove() {
  timeout --foreground 9 find "$@" -xdev -depth -type d -delete 2>/dev/null
}

# Takes the lock of this namespace, and makes way to that of what all share. A release
# removes the first, and with it the right of those who wait for it. Nobody else may
# open them, for who reads a file can lock it.
lock() {
  mkdir -p /run/lanco
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
