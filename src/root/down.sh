# Removes a namespace. It follows common.sh. It completes a removal that was interrupted; the
# directory of the namespace, by which the next release knows of it, goes last.

# Prints the pid of each process in a cgroup of the namespace, unsorted. The depth is limited
# at first: an owner can nest cgroups without end, until their paths are too long for find(1).
# Only if such cgroups have kept the namespace from being removed are they searched as well.
members() {
  # shellcheck disable=SC2086 # lists
  timeout --foreground "$patience" find "$run/named" $places $depth -name cgroup.procs \
    ! -path "$run/named/cgroup.procs" "-exec$dir" cat {} + 2>/dev/null
}

# Whether there is any process in the namespace. For v2 one file tells of all cgroups below.
is_populated() {
  [ -z "$unified" ] || ! read -r state <"$unified/cgroup.events" || [ "$state" = "populated 0" ] || return 0
  members | read -r _
}

# Prints "PID NAME, " for the first ten members that have not ended meanwhile.
names() {
  members | sort -un | {
    told=0
    while [ "$told" -lt 10 ] && read -r pid; do
      read -r command <"/proc/$pid/comm" || continue
      printf '%s %s, ' "$pid" "$command"
      told=$((told + 1))
    done
    [ "$told" -gt 0 ] || printf 'processes that come and go, '
  } 2>/dev/null
}

# holders DIRECTORY: prints the pids of processes that have a file open below DIRECTORY, or
# have it as their working directory or root.
holders() {
  find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd -lname "$1*" 2>/dev/null |
    cut -d/ -f3 | sort -un | tr '\n' ' '
}

# detach TARGET: unmounts TARGET. If processes use it for longer than a second, it is unmounted
# lazily: they go on using it, and nobody else can.
detach() {
  tries=0
  while mountpoint -q "$1"; do
    ! umount "$1" 2>/dev/null || continue
    [ "$((tries += 1))" -ge 50 ] || { sleep 0.02 && continue; }
    echo "$1 is still used by process $(holders "$1"): it is gone for all others"
    umount --lazy "$1" || fail 1 "cannot unmount $1"
  done
}

# put_away DIRECTORY: unmounts DIRECTORY, and removes the mount point.
put_away() {
  [ -d "$1" ] || return 0
  umount "$1" 2>/dev/null || :
  # rmdir(1) fails as long as a file system is mounted there.
  rmdir "$1" 2>/dev/null || { detach "$1" && rmdir "$1"; }
}

# Whether the kernel has dropped the named hierarchy within 0.2 seconds.
hierarchy_goes() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    grep -q ":name=lanco-$ns:" /proc/self/cgroup || return 0
    sleep 0.02
  done
  return 1
}

# Unmounts the named hierarchy. If its last removed cgroup has not been freed yet, the
# hierarchy remains for ever, without a mount; it is then mounted again, and unmounted later.
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

# Prints the names of up to ten tasks that run, or whose exit commands run.
tasks() {
  find "$run/named" -mindepth 1 -maxdepth 1 \( -name "task-*" -o -name "exit-[0-9]*-*" \) 2>/dev/null |
    head -n 1000 | while read -r cgroup; do
    name=${cgroup##*/}
    case $name in task-*) name=${name#task-} ;; *) name=${name#exit-*-} ;; esac
    case $name in [.-]* | *[!A-Za-z0-9._-]*) continue ;; esac
    if read -r _ <"$cgroup/cgroup.procs"; then echo "$name"; fi
  done 2>/dev/null | sort -u | head -n 10 | tr '\n' ' '
}

# Fails, because there are processes in the namespace. One that is half released is not given
# back to its owner.
in_use() {
  who=$(names)
  who=${who%, }
  [ -e "$run/namespace.json" ] ||
    fail 4 "namespace $ns is in use, by $who, and half released: end these and release it again, or run \"lanco $ns init\""
  tasks=$(tasks)
  tasks=${tasks% }
  fail 4 "namespace $ns is in use, by $who: see \"lanco $ns ls\", stop its tasks first${tasks:+, with \"sudo lanco $ns stop $tasks\"}"
}

# If there are no processes, takes the namespace from its owner, who can then start no task.
# If a process has come in just before, gives it back and fails.
close_namespace() {
  ! is_populated || in_use
  # shellcheck disable=SC2086 # empty or a path
  chown 0:0 "$run/named" $unified
  if is_populated; then
    if read -r record <"$run/namespace.json"; then
      uid=${record#*'"uid":'} gid=${record#*'"gid":'}
      # shellcheck disable=SC2086
      chown "+${uid%%,*}:+${gid%%,*}" "$run/named" $unified
    fi 2>/dev/null
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
  depth="" dir=dir patience=9
  in_use
}

down() {
  places='' cgroups='' unified='' depth="-maxdepth 12" dir="" patience=5
  while read -r name _ point; do
    [ -z "$name" ] || places="$places $run/$name" cgroups="$cgroups $point/lanco-$ns"
  done <<EOF
$(hierarchies)
EOF
  [ ! -d "$run/unified/shims" ] || unified=$run/unified
  ! mountpoint -q "$run/named" || close_namespace
  # From here on commands answer that there is no namespace, and not that it is damaged.
  [ ! -e "$run/namespace.json" ] || mv "$run/namespace.json" "$run/namespace.json.old"
  [ -d "$run/named" ] || mkdir "$run/named"
  remove_cgroups
  # shellcheck disable=SC2086 # a list
  umount $places 2>/dev/null || :
  # shellcheck disable=SC2086
  rmdir $places 2>/dev/null || :
  for place in $places; do put_away "$place"; done
  detach_named
  put_away "$run/runs"
  rm -rf "$run/usage" "$run/.errands" "$lib"
  rmdir "$run/named"
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
