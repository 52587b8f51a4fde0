# What takes a namespace down: after common.sh. Whatever it finds half done, it does
# the rest; what tells that there is a namespace, its directory, goes last.

# Prints the number of each process in a cgroup of the namespace, in no order. What is
# deeper than anybody needs, where a path may be too long for the kernel and an owner go
# on digging, is passed over, unless it has kept the namespace from being removed.
members() {
  # shellcheck disable=SC2086 # lists
  timeout --foreground "$patience" find "$run/named" $places $depth -name cgroup.procs \
    ! -path "$run/named/cgroup.procs" "-exec$dir" cat {} + 2>/dev/null
}

# Whether there is one: of those in v2 the kernel tells it, of others the first line.
is_populated() {
  [ -z "$unified" ] || ! read -r state <"$unified/cgroup.events" || [ "$state" = "populated 0" ] || return 0
  members | read -r _
}

# Prints "PID NAME, " for the first of them. Any may have ended meanwhile.
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

# Prints the names of some tasks that run, and of some whose exit command does.
tasks() {
  find "$run/named" -mindepth 1 -maxdepth 1 \( -name "task-*" -o -name "exit-[0-9]*-*" \) 2>/dev/null |
    head -n 1000 | while read -r cgroup; do
    name=${cgroup##*/}
    case $name in task-*) name=${name#task-} ;; *) name=${name#exit-*-} ;; esac
    case $name in [.-]* | *[!A-Za-z0-9._-]*) continue ;; esac
    if read -r _ <"$cgroup/cgroup.procs"; then echo "$name"; fi
  done 2>/dev/null | sort -u | head -n 10 | tr '\n' ' '
}

# Fails, for somebody is there. What is half gone is not given back.
in_use() {
  who=$(names)
  who=${who%, }
  [ -e "$run/namespace.json" ] ||
    fail 4 "namespace $ns is in use, by $who, and half released: end these and release it again, or run \"lanco $ns init\""
  tasks=$(tasks)
  tasks=${tasks% }
  fail 4 "namespace $ns is in use, by $who: see \"lanco $ns ls\", stop its tasks first${tasks:+, with \"sudo lanco $ns stop $tasks\"}"
}

# Takes the namespace from its owner, who starts no task from here on, if nobody is
# there; and gives it back if somebody was faster.
close_namespace() {
  ! is_populated || in_use
  # shellcheck disable=SC2086 # one or two
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
  # An agent that is late finds no place for its errand, and the one at work nothing to do.
  rm -rf "$run/.errands"
  [ ! -d "$run/usage/.errands" ] || mv "$run/usage/.errands" "$run/.errands"
}

# Removes all cgroups of the namespace. A launch that had begun may have to give up
# first. From an owner who makes ever more all are taken, parents first, and who is not
# inside comes to none by its path: one who digs there all the time is hard to follow.
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
  # Who asks from here on is told that there is no namespace, and not that it is broken.
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
