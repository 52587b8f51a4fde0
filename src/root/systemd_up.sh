# shellcheck disable=SC2154 # what common.sh, systemd_down.sh and up.sh have set
# What keeps a namespace where systemd does it: a unit with the owner as its user, into which
# systemd moves his processes when he asks for it, and nobody else's (AttachProcessesToUnit
# in org.freedesktop.systemd1(5)); within its cgroup he moves them himself. After
# common.sh and systemd_down.sh, which takes back what could not be finished.

# Prints why systemd cannot keep namespaces here; nothing if it can.
why_not_systemd() {
  if [ ! -d /run/systemd/system ] || ! command -v systemctl >/dev/null || ! command -v busctl >/dev/null; then
    echo "PID 1 is not systemd"
    return
  fi
  version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 252 ] || { echo "systemd ${version:-of no version} is older than 252" && return; }
  mounted=$(hierarchies | cut -d" " -f1)
  [ "$mounted" = unified ] || { echo "cgroup v1 is mounted, too" && return; }
  busctl --timeout=10 get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 \
    org.freedesktop.systemd1.Manager Version >/dev/null 2>&1 ||
    echo "there is no system bus"
}

# unit_text PROPERTY=VALUE...: prints the unit. It is started once, and then holds nothing but
# processes that are moved to it: no reload, no restart by hand and no isolate ends them.
# The shutdown does, before network and remote file systems go.
unit_text() {
  cat <<END
$unit_mark
[Unit]
Description=lanco namespace $ns
After=network.target remote-fs.target
RefuseManualStop=yes
IgnoreOnIsolate=yes
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
User=$uid
Group=$gid
Delegate=yes
KillMode=control-group
TimeoutStartSec=20
TimeoutStopSec=90
OOMPolicy=continue
TasksMax=infinity
END
  for property; do
    case ${property%%=*}:${property#*=} in
    *[!A-Za-z]*:* | *:*[!0-9a-z%]* | :* | *:) fail 2 "\"$property\" is no limit of a unit" ;;
    esac
    printf '%s\n' "$property"
  done
}

# unit_write PROPERTY=VALUE...: makes the file of the unit, or makes it anew.
unit_write() {
  unit_is_ours ||
    fail 1 "there is a unit $unit already, of another's (${known:-$unit_file}): give the namespace another name"
  # Not by one command, for a failure in it would not be one.
  text=$(unit_text "$@")
  printf '%s\n' "$text" >"$unit_file.new"
  if cmp -s "$unit_file.new" "$unit_file"; then
    rm "$unit_file.new"
    [ "$(unit_property NeedDaemonReload)" = yes ] || return 0
  else
    mv "$unit_file.new" "$unit_file"
  fi
  # What systemd has not known before, it reads when it is asked for it.
  if [ -n "$known" ] || [ "$(unit_property ActiveState)" != inactive ]; then ask_systemd daemon-reload; fi
}

# unit_process SUBGROUP: moves a process of root's to the unit, until systemd has done that:
# for it makes the cgroup, which ended with its only process, and sets the limits that are not
# yet those of the unit, when something is moved there. From then on it keeps the cgroup.
unit_process() {
  # It ends with this shell, and nobody waits for it, nor for the locks.
  setpriv --pdeathsig KILL sleep 60 >/dev/null 2>&1 8>&- 9>&- &
  first=$!
  said=$(busctl --quiet --timeout=30 call org.freedesktop.systemd1 /org/freedesktop/systemd1 \
    org.freedesktop.systemd1.Manager AttachProcessesToUnit ssau "$unit" "$1" 1 "$first" 2>&1) || {
    kill -s KILL "$first"
    fail 1 "systemd moves no process to $unit: ${said%%
*}"
  }
  unit_cgroup
  kill -s KILL "$first"
  wait "$first" 2>/dev/null || :
  [ -n "$cgroup" ] || fail 1 "systemd has made no cgroup for $unit: is it in another cgroup namespace?"
}

# Gives the cgroup to the owner. Controllers can be on as long as no process is in the cgroup
# itself, and from then on none can get there.
unit_delegate() {
  mkdir "$cgroup/shims" 2>/dev/null || [ -d "$cgroup/shims" ] || fail 1 "cannot make a cgroup in $cgroup"
  read -r has <"$cgroup/cgroup.controllers" || has=
  for controller in cpu io memory pids; do
    case " $has " in *" $controller "*) ;; *) continue ;; esac
    { echo "+$controller" >"$cgroup/cgroup.subtree_control"; } 2>/dev/null && continue
    who=$(tr '\n' ' ' <"$cgroup/cgroup.procs")
    fail 1 "cannot turn the controller $controller on in $cgroup: end ${who:-what is in it }first"
  done
  # No path may become longer than the kernel can say.
  echo 12 >"$cgroup/cgroup.max.depth"
  give_cgroup "$uid" "$gid" "$unit_cgroups"
  chown "+$uid:+$gid" "$cgroup/shims" "$cgroup/shims/cgroup.procs"
}

# Binds the cgroup to where the callers look for it; once more, if that is one that was removed.
unit_bind() {
  mkdir -p "$run/unified"
  if mountpoint -q "$run/unified"; then
    [ "$(stat -c %d:%i "$run/unified")" != "$(stat -c %d:%i "$cgroup")" ] || return 0
    umount --lazy "$run/unified"
  fi
  mount --bind "$cgroup" "$run/unified"
}

# unit_up PROPERTY=VALUE...: brings the unit of the owner $uid and $gid up, or repairs it.
unit_up() {
  getent passwd "$uid" >/dev/null ||
    fail 1 "systemd starts nothing for the user $uid, who is not in passwd: add an entry, or give --keeper named"
  # systemd does not look whether a cgroup is there that it has made: it makes another when it
  # starts the unit anew.
  unit_cgroup
  if [ -z "$cgroup" ] && [ -n "$(unit_property ControlGroup)" ] && unit_is_ours; then
    unit_stop
  fi
  unit_write "$@"
  ask_systemd start "$unit"
  unit_cgroup
  if [ -z "$cgroup" ]; then
    unit_process ""
    unit_delegate
  else
    unit_delegate
    unit_process /shims
  fi
  unit_bind
  # For those who look whether a task's cgroup is there.
  [ -h "$run/named" ] || ln -s unified "$run/named"
}
