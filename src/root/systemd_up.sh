# shellcheck disable=SC2154 # what common.sh, systemd_down.sh and up.sh have set
# What "init" makes where systemd keeps the namespace: a unit with the owner as its user. Into
# it systemd moves the owner's processes, and nobody else's, when the owner asks for it
# (AttachProcessesToUnit in org.freedesktop.systemd1(5)); within its cgroup the owner moves them.
# It follows common.sh, down.sh and limits.sh, and is called by up.sh.

# Prints the text of the unit. It is started once, and then, where systemd keeps the namespace,
# contains nothing but processes that are moved to it: no reload, no restart by hand and no isolate
# ends them. The shutdown does, before network and remote file systems go, and what is mounted for
# the namespace: lanco stops each task, with the rights of the owner, as its starter has said. If it
# takes too long, or cannot be executed, systemd ends what is left.
unit_text() {
  mounts=$(systemd-escape --path --suffix=mount /run/lanco/proc "$run/named" "$run/unified" "$run/runs" "$run/usage" "$run/locks")
  cat <<END
$unit_mark
[Unit]
Description=lanco namespace $ns
After=network.target remote-fs.target $mounts
RefuseManualStop=yes
IgnoreOnIsolate=yes
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
User=$uid
KillMode=control-group
TimeoutStartSec=20
TimeoutStopSec=90
TimeoutStopFailureMode=kill
END
  # A path with other characters would have to be quoted.
  case $0 in
  *[!A-Za-z0-9/._+-]*) ;;
  /*) echo "ExecStop=-$0 $ns stop --all --yes" ;;
  esac
  [ "$keeper" = systemd ] || return 0
  cat <<END
Delegate=yes
OOMPolicy=continue
TasksMax=infinity
END
}

# Writes the file of the unit, if it is not there or another.
unit_write() {
  unit_text >"$unit_file.new"
  if cmp -s "$unit_file.new" "$unit_file"; then
    rm "$unit_file.new"
    [ "$(unit_property NeedDaemonReload)" = yes ] || return 0
  else
    mv "$unit_file.new" "$unit_file"
  fi
  # A unit that systemd has not known before it reads when it is asked for it.
  if [ -n "$known" ] || [ "$(unit_property ActiveState)" != inactive ]; then ask_systemd daemon-reload; fi
}

# unit_process SUBGROUP: moves a process of root's to the unit, and ends it. For when something
# is moved there, systemd makes the cgroup, which ended with its only process and stays from then
# on; and it sets the limits that it has not yet set.
unit_process() {
  # The process ends with this shell, and does not keep its locks.
  setpriv --pdeathsig KILL sleep 60 >/dev/null 2>&1 8>&- 9>&- &
  first=$!
  again busctl --quiet --timeout=30 call org.freedesktop.systemd1 /org/freedesktop/systemd1 \
    org.freedesktop.systemd1.Manager AttachProcessesToUnit ssau "$unit" "$1" 1 "$first" || {
    kill -s KILL "$first"
    fail 1 "systemd moves no process to $unit: ${said%%
*}"
  }
  unit_cgroup
  kill -s KILL "$first"
  wait "$first" 2>/dev/null || :
  [ -n "$cgroup" ] || fail 1 "systemd has made no cgroup for $unit: is it in another cgroup namespace?"
}

# Gives the cgroup to the owner. Controllers can be turned on as long as no process is in the
# cgroup itself, and from then on none can get there.
unit_delegate() {
  mkdir "$cgroup/shims" 2>/dev/null || [ -d "$cgroup/shims" ] || fail 1 "cannot make a cgroup in $cgroup"
  read -r has <"$cgroup/cgroup.controllers" || has=
  for controller in cpu io memory pids; do
    case " $has " in *" $controller "*) ;; *) continue ;; esac
    { echo "+$controller" >"$cgroup/cgroup.subtree_control"; } 2>/dev/null && continue
    who=$(tr '\n' ' ' <"$cgroup/cgroup.procs")
    fail 1 "cannot turn the controller $controller on in $cgroup: end ${who:-what is in it }first"
  done
  # Deeper cgroups could have paths that are too long for /proc/PID/cgroup.
  echo 12 >"$cgroup/cgroup.max.depth"
  give_cgroup "$uid" "$gid" "$unit_cgroups"
  chown "+$uid:+$gid" "$cgroup/shims" "$cgroup/shims/cgroup.procs"
}

# Binds the cgroup to where callers look for it; once more, if the one that is bound was removed.
unit_bind() {
  if mountpoint -q "$run/unified"; then
    [ "$(stat -c %d:%i "$run/unified")" != "$(stat -c %d:%i "$cgroup")" ] || return 0
    umount --lazy "$run/unified"
  fi
  mount_point "$run/unified"
  mount --bind "$cgroup" "$run/unified"
}

# Makes the files by which the owner's processes lock the names of tasks. Only the owner may open
# them. They have a file system of their own, for they could be written to until /run is full. A
# label of SELinux takes room there that is counted as a part of an inode's (Linux 6.6).
unit_locks() {
  attach "lanco-$ns" "$run/locks" -t tmpfs -o nosuid,nodev,noexec,size=4096,nr_inodes=132,mode=755
  umask 077
  lock=0
  while [ "$lock" -lt 64 ]; do
    [ -e "$run/locks/$lock" ] || : >"$run/locks/$lock"
    lock=$((lock + 1))
  done
  umask 022
  chown "+$uid:+$gid" "$run"/locks/*
}

# limit_property OPTION VALUE: sets property to what has systemd write a value of the kernel's.
limit_property() {
  value=$2
  case $value in max*) value=infinity ;; esac
  case $1 in
  --memory) property=MemoryMax=$value ;;
  --swap) property=MemorySwapMax=$value ;;
  --pids) property=TasksMax=$value ;;
  --cpu-weight) property=CPUWeight=$value ;;
  --io-weight) property=IOWeight=${value#default } ;;
  --cpus)
    # In thousandths of 100 ms; two digits after the point are all that systemd reads.
    value=${value% *}
    case $value in
    infinity) property=CPUQuota= ;;
    *) property=CPUQuota=$((value / 1000)).$((value / 100 % 10))$((value / 10 % 10))% ;;
    esac
    ;;
  esac
}

# unit_limits AGAIN BEST_EFFORT LIMIT...: sets limits of the unit, in the form that up.sh
# describes; the first file is that of version 2. It reports as limits() does.
# shellcheck disable=SC2034 # limit_report() uses what it sets
unit_limits() {
  again=$1 best_effort=$2 before=''
  shift 2
  for limit; do
    shift
    option=${limit%%:*} file=${limit#*:}
    file=${file%%|*}
    bound=${file#*=}
    limit_property "$option" "$bound"
    file=$cgroup/${file%%=*}
    if { read -r old <"$file"; } 2>/dev/null; then
      memory_fits "$file" "$bound" || refused_memory "$bound"
      set -- "$@" "$property"
      before="$before$option $file $old
"
      continue
    fi
    case $property in *=infinity | *=) continue ;; esac
    [ "$best_effort" = yes ] || fail 1 "$option cannot be enforced: this host has no controller for it: leave it out, or give --best-effort"
    echo "$option cannot be enforced: this host has no controller for it"
  done
  [ $# -gt 0 ] || return 0
  ask_systemd set-property --runtime "$unit" "$@"
  unit_process /shims
  printf %s "$before" | while read -r option file old; do
    read -r new <"$file"
    limit_report
  done
}

# unit_up: makes the unit of the owner $uid and $gid, or repairs it.
unit_up() {
  getent passwd "$uid" >/dev/null ||
    fail 1 "systemd starts nothing for the user $uid, who is not in passwd: add an entry, or give --keeper named"
  unit_is_ours ||
    fail 1 "there is a unit $unit already, of another's (${known:-$unit_file}): give the namespace another name"
  unit_cgroup
  # What has lost its cgroup is stopped, for systemd does not look whether a cgroup is still there
  # that it has made; and so is what is left of a namespace of another owner.
  if [ -n "$(unit_property ControlGroup)" ]; then
    owner=$(unit_property UID)
    if [ -z "$cgroup" ] || [ "$owner" != "$uid" ]; then
      (unit_close)
      unit_stop
      [ "$owner" = "$uid" ] || unit_forget
    fi
  fi
  unit_write
  # It does not wait for what else is to be started at boot, e.g. by the unit that runs this.
  ask_systemd start --job-mode=ignore-dependencies "$unit"
  unit_cgroup
  if [ -z "$cgroup" ]; then
    unit_process ""
    unit_delegate
  else
    unit_delegate
    unit_process /shims
  fi
  rm -f "$unit_file.old"
}

# systemd_up AGAIN BEST_EFFORT LIMIT...: makes what keeps the namespace, and sets what the record says of it.
# shellcheck disable=SC2034 # up.sh writes it down
systemd_up() {
  owner_directory usage 4 755
  unit_up
  unit_bind
  unit_locks
  unit_limits "$@"
  numbers_left "${cgroup%/*/*}" /proc/cgroups
  exits='' layout=unified json="{\"name\":\"unified\",\"version\":2,\"cgroup\":\"$cgroup\",\"tasks\":true}"
}
