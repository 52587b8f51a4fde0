# What takes a namespace down: after common.sh. Whatever it finds half done, it does
# the rest; what tells that there is a namespace, its directory, goes last.

# Prints "PID NAME, " for each process in a cgroup of the namespace, the first ones only.
processes() {
  set --
  while read -r name _; do [ -z "$name" ] || set -- "$@" "$run/$name"; done <<EOF
$mounted
EOF
  {
    find "$run/named" -mindepth 2 -name cgroup.procs -execdir cat {} +
    [ $# = 0 ] || find "$@" -name cgroup.procs -execdir cat {} +
  } 2>/dev/null | sort -un | head -n 10 | while read -r pid; do
    # It may have ended meanwhile.
    ! read -r command <"/proc/$pid/comm" || printf '%s %s, ' "$pid" "$command"
  done 2>/dev/null
}

# Prints the processes that have something open below DIRECTORY, or are in it.
holders() {
  find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd -lname "$1*" 2>/dev/null |
    cut -d/ -f3 | sort -un | tr '\n' ' '
}

# detach TARGET: unmounts it, and in the end from under those who still use it.
detach() {
  tries=0
  while mountpoint -q "$1"; do
    ! umount "$1" 2>/dev/null || continue
    [ "$((tries += 1))" -ge 50 ] || { sleep 0.02 && continue; }
    echo "$1 is still used by process $(holders "$1"): it is gone for all others"
    umount --lazy "$1" || fail 1 "cannot unmount $1"
  done
}

# put_away DIRECTORY: unmounts it, and removes what it was mounted on.
put_away() {
  [ -d "$1" ] || return 0
  umount "$1" 2>/dev/null || :
  # Not as long as something is mounted on it.
  rmdir "$1" 2>/dev/null || { detach "$1" && rmdir "$1"; }
}

# Whether the kernel drops the named hierarchy soon after its umount.
hierarchy_goes() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    grep -q ":name=lanco-$ns:" /proc/self/cgroup || return 0
    sleep 0.02
  done
  return 1
}

# A hierarchy that is unmounted while its last cgroup is still dying goes on without a
# mount, for ever: then mount it again and unmount it later.
detach_named() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    detach "$run/named"
    hierarchy_goes && return
    [ -z "$(holders "$run/named")" ] || return
    mount -t cgroup -o "none,name=lanco-$ns" "lanco-$ns" "$run/named"
    sleep 0.1
  done
  detach "$run/named"
}

# in_use: fails, and gives the namespace back to its owner.
in_use() {
  [ -e "$run/namespace.json" ] || [ ! -e "$run/namespace.json.old" ] || mv "$run/namespace.json.old" "$run/namespace.json"
  [ -z "$owner" ] || {
    echo "$lib/release-agent" >"$run/named/release_agent"
    chown "$owner" "$run/named" ${unified:+"$unified"}
  }
  fail 4 "namespace $ns is in use, by ${1%, }: see \"lanco $ns ls\", stop its tasks first"
}

down() {
  mounted=$(hierarchies) owner='' unified=''
  [ ! -d "$run/unified/shims" ] || unified=$run/unified
  if mountpoint -q "$run/named"; then
    owner=$(stat -c %u:%g "$run/named")
    # From here on the owner starts no task.
    chown 0:0 "$run/named" ${unified:+"$unified"}
    used=$(processes)
    [ -z "$used" ] || in_use "$used"
    echo >"$run/named/release_agent"
    remove "$run/named" -mindepth 1
  fi
  # Who asks from here on is told that there is no namespace, and not that it is broken.
  [ ! -e "$run/namespace.json" ] || mv "$run/namespace.json" "$run/namespace.json.old"
  while read -r name _ point; do
    umount "$point/lanco-$ns" 2>/dev/null || :
    [ ! -d "$point/lanco-$ns" ] || remove "$point/lanco-$ns"
    [ ! -d "$point/lanco-$ns" ] || in_use "$(processes)"
    put_away "$run/$name"
  done <<EOF
$mounted
EOF
  detach_named
  put_away "$run/runs"
  rm -rf "$run/usage" "$lib"
  [ ! -d "$run/named" ] || rmdir "$run/named"
  rm -f "$run/namespace.json.old" "$run/namespace.json.new"
  rmdir "$run"
  flock 9
  [ -n "$(ls -d /run/lanco/*/named 2>/dev/null)" ] || {
    detach /run/lanco/proc
    [ ! -d /run/lanco/proc ] || rmdir /run/lanco/proc
  }
  flock -u 9
  rm -f "/run/lanco/.lock-$ns"
}

if [ "$action" = down ]; then
  [ -d "$run" ] || fail 5 "namespace $ns is not initialised: there is nothing to release"
  lock
  down
fi
