# Removes a namespace. It follows common.sh, named_down.sh and systemd_down.sh. It completes a
# removal that was interrupted; the directory of the namespace, by which the next release knows
# of it, goes last.

# Prints the pid of each process in a cgroup of the namespace, unsorted, besides those in the file
# $besides. The depth is limited at first: an owner can nest cgroups without end, until their paths
# are too long for find(1). Only if such cgroups have kept the namespace from being removed are they
# searched as well.
members() {
  # shellcheck disable=SC2086 # lists
  timeout --foreground "$patience" find "$run/named" $places $depth -name cgroup.procs \
    ! -path "$besides" "-exec$dir" cat {} + 2>/dev/null
}

# Whether there is any process in the namespace. For v2 one file tells of all cgroups below.
is_populated() {
  [ -z "$unified" ] || ! read -r state <"$unified/cgroup.events" || [ "$state" = "populated 0" ] || return 0
  members | read -r _
}

# Prints the pids of all processes but those that keep the time limit of a run or bound its log.
others() {
  limits=$(cat "$run"/named/exit-T*/cgroup.procs 2>/dev/null) || :
  members | grep -vxF "${limits:--}"
}

# Whether there is any process besides what keeps a time limit or bounds a log, which ends with its
# run. A process that it has just started is not on its list yet, and is looked for a second time.
is_busy() {
  is_populated || return
  # shellcheck disable=SC2086 # a list
  ! timeout --foreground "$patience" find "$run/named" $depth -name cgroup.procs ! -path "$besides" \
    ! -path "$run/named/exit-T*" -exec cat {} + 2>/dev/null | read -r _ || return 0
  seen=$(others) && others | grep -qxF "$seen"
}

# Ends what keeps the time limit of a run or bounds its log, if there is nothing else: the run has
# just ended, or has ended without its shim, which was killed. What bounds a log is in no cgroup of
# its own that could be killed; it looks once a second whether the run is over.
end_time_limits() {
  read -r begin _ </proc/uptime
  while is_populated; do
    ! is_busy || return 0
    for file in "$run"/unified/exits/T*/cgroup.kill "$run"/unified/exit-T*/cgroup.kill; do
      [ ! -f "$file" ] || echo 1 >"$file"
    done
    read -r now _ </proc/uptime
    [ $((${now%.*} - ${begin%.*})) -lt 10 ] || return 0
    sleep 0.02
  done
}

# Sets uid and gid to the owner and group on record. Fails if there is no record.
on_record() {
  read -r record <"$run/namespace.json" || return
  uid=${record#*'"uid":'} gid=${record#*'"gid":'}
  uid=${uid%%,*} gid=${gid%%,*}
} 2>/dev/null

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
# have it as their working directory or root; and "?" if the time for it ran out, for anybody can have
# very many files open.
holders() {
  {
    timeout --foreground 5 find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd -lname "$1*" 2>/dev/null ||
      [ $? != 124 ] || echo "/proc/?"
  } | cut -d/ -f3 | sort -un | tr '\n' ' '
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

# Prints the names of up to ten tasks that run, or whose exit commands run.
tasks() {
  # With a slash, for it may be a link.
  find "$run/named/" -mindepth 1 -maxdepth 1 \( -name "task-*" -o -name "exit-[0-9]*-*" \) 2>/dev/null |
    head -n 1000 | while read -r path; do
    name=${path##*/}
    case $name in task-*) name=${name#task-} ;; *) name=${name#exit-*-} ;; esac
    case $name in [.-]* | *[!A-Za-z0-9._-]*) continue ;; esac
    if read -r _ <"$path/cgroup.procs"; then echo "$name"; fi
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

# What is done in this order whatever keeps the namespace: once it is closed, no process can come
# in, and commands are to answer that there is no namespace, and not that it is damaged.
down() {
  # shellcheck disable=SC2034 # those that close and remove it use them
  places='' cgroups='''' unified='' depth="-maxdepth 12" dir="" patience=5 besides=$run/named/cgroup.procs
  if [ "$keeper" = systemd ]; then unit_close; else named_close; fi
  [ ! -e "$run/namespace.json" ] || mv "$run/namespace.json" "$run/namespace.json.old"
  if [ "$keeper" = systemd ]; then unit_remove; else named_remove; fi
  put_away "$run/runs"
  # The last of what tells who has kept it.
  rm -f "$run/namespace.json.old" "$run/namespace.json.new"
  if [ -h "$run/named" ]; then rm -f "$run/named"; else rmdir "$run/named"; fi
  rmdir "$run"
  flock 9
  # The shell itself looks, for a program that is killed would see no namespace.
  others=
  for other in /run/lanco/*/named; do
    if [ -e "$other" ] || [ -h "$other" ]; then others=yes; fi
  done
  [ -n "$others" ] || {
    detach /run/lanco/proc
    [ ! -d /run/lanco/proc ] || rmdir /run/lanco/proc
  }
  flock -u 9
  rm -f "/run/lanco/.lock-$ns"
}

if [ "$action" = down ]; then
  [ -d "$run" ] || fail 5 "namespace $ns is not initialised: there is nothing to release"
  lock
  find_keeper
  down
fi
