# shellcheck disable=SC2154 # variables that common.sh and down.sh set
# How "release" takes a namespace from a named hierarchy. It follows common.sh, and is called by
# down.sh.

# Whether the kernel has dropped the named hierarchy within 0.2 seconds.
hierarchy_goes() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    grep -qF ":name=lanco-$ns:" /proc/self/cgroup || return 0
    sleep 0.02
  done
  return 1
}

# Unmounts the named hierarchy. If its last removed cgroup has not been freed yet, which takes a
# busy kernel seconds, the hierarchy remains for ever, without a mount; it is then mounted again,
# and unmounted later.
detach_named() {
  read -r begin _ </proc/uptime
  while :; do
    detach "$run/named"
    hierarchy_goes && return
    [ -z "$(holders "$run/named")" ] || return 0
    read -r now _ </proc/uptime
    [ $((${now%.*} - ${begin%.*})) -lt 10 ] || return 0
    mount -t cgroup -o "none,name=lanco-$ns" "lanco-$ns" "$run/named"
    sleep 0.1
  done
}

# If there are no processes, takes the namespace from its owner, who can then start no task.
# If a process has come in just before, gives it back and fails.
named_close() {
  while read -r name _ point; do
    [ -z "$name" ] || places="$places $run/$name" cgroups="$cgroups $point/lanco-$ns"
  done <<EOF
$(hierarchies)
EOF
  [ ! -d "$run/unified/shims" ] || unified=$run/unified
  mountpoint -q "$run/named" || return 0
  ! is_busy || in_use
  # shellcheck disable=SC2086 # empty or a path
  chown 0:0 "$run/named" $unified
  end_time_limits
  if is_populated; then
    # shellcheck disable=SC2086
    ! on_record || chown "+$uid:+$gid" "$run/named" $unified
    in_use
  fi
  echo >"$run/named/release_agent"
  # A release agent that starts late cannot leave its errand, and the one at work finds none.
  rm -rf "$run/.errands"
  [ ! -d "$run/usage/.errands" ] || mv "$run/usage/.errands" "$run/.errands"
}

# Removes all cgroups of the namespace. A launch that was under way may have to give up first.
# Against an owner who goes on making cgroups, all cgroups are given to root, parents first,
# and the upper ones closed, so that only a process that is already inside can go on.
remove_cgroups() {
  # shellcheck disable=SC2086 # a list
  umount $cgroups 2>/dev/null || :
  [ ! -e "$unified/cgroup.max.descendants" ] || echo 0 >"$unified/cgroup.max.descendants"
  tries=0
  while :; do
    set -- "$run/named"
    for cgroup in $cgroups; do [ ! -d "$cgroup" ] || set -- "$@" "$cgroup"; done
    chown 0:0 "$@"
    [ "$tries" = 0 ] || chmod 700 "$@"
    status=0
    remove "$@" -mindepth 1 || status=$?
    shift
    [ "$status" != 0 ] || [ $# != 0 ] || return 0
    if [ "$status" = 0 ] && rmdir "$@" 2>/dev/null; then return; fi
    [ "$status" != 124 ] || tries=$((tries + 9)) # out of time
    [ "$((tries += 1))" -lt 40 ] || break
    timeout --foreground 9 find "$run/named" "$@" -xdev -maxdepth 12 ! -uid 0 \
      \( -type d -o -name cgroup.procs -o -name tasks \) -exec chown 0:0 {} + 2>/dev/null || :
    sleep 0.1
  done
  chmod 755 "$run/named" "$@"
  # shellcheck disable=SC2034 # members() uses them
  depth="" dir=dir patience=9
  in_use
}

named_remove() {
  [ -d "$run/named" ] || mkdir "$run/named"
  remove_cgroups
  # shellcheck disable=SC2086 # a list
  umount $places 2>/dev/null || :
  # shellcheck disable=SC2086
  rmdir $places 2>/dev/null || :
  for place in $places; do put_away "$place"; done
  detach_named
  rm -rf "$run/usage" "$run/.errands" "$lib"
  [ ! -e "$unit_file" ] || ! unit_is_ours || {
    unit_disarm
    unit_stop
    unit_forget
  }
}
