# shellcheck disable=SC2154 # scenario.sh, which reads this, sets ns, user and as
# What the scenario consists of: checks, and what they ask about the namespace $ns.

ok() { echo "ok $1$as"; }
not_ok() { echo "not ok $1$as: $2"; }

# check NAME COMMAND...: the command must succeed.
check() {
  name=$1
  shift
  if output=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$* -> $? $(echo "$output" | tail -n 3 | tr '\n' ' ')"; fi
}

# expect NAME STATUS COMMAND...: the command must end with the status; what it says is in $output.
expect() {
  name=$1 status=$2
  shift 2
  output=$("$@" 2>&1)
  got=$?
  if [ "$got" = "$status" ]; then ok "$name"; else not_ok "$name" "$* -> $got, not $status: $output"; fi
}

# said NAME PATTERN: the command of the check before has said this.
said() {
  if echo "$output" | grep -Eq -e "$2"; then ok "$1"; else not_ok "$1" "it said: $output"; fi
}

as_user() { setpriv --reuid="$user" --regid="$user" --init-groups "$@"; }
l() { as_user lanco "$ns" "$@"; }
running() { l check "$1"; }
# logs_line TASK LINE: whether the task has written this line to its log.
logs_line() { grep -qx "$2" "/var/log/lanco-$ns/task-$1.log"; }
# How much slower this host is than others, by those who booted it.
slower=$(sed -n 's/.*scenario\.slower=\([0-9]*\).*/\1/p' /proc/cmdline)
# until_true COMMAND...: wait at most 60 s, on a slower host so much longer.
until_true() {
  for _ in $(seq $((300 * ${slower:-1}))); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  return 1
}

# service NAME COMMAND [SETTING...]: a service of the user's, which goes on after the command.
service() {
  unit=$1 command=$2
  # The one directory that a hardened service may write to as well.
  logs=/var/log/lanco-$ns
  shift 2
  {
    printf '[Service]\nUser=%s\nType=exec\nRestart=no\n' "$user"
    [ $# -eq 0 ] || printf '%s\n' "$@"
    # shellcheck disable=SC2016 # systemd makes one dollar of two
    printf 'ExecStart=/bin/sh -c "%s >%s.out 2>&1; echo $$? >%s.status; exec sleep 1000"\n' \
      "$command" "$logs/$unit" "$logs/$unit"
  } >"/run/systemd/system/$unit.service"
  systemctl daemon-reload
  rm -f "$logs/$unit.status"
  systemctl start "$unit"
  until_true test -s "$logs/$unit.status"
}

# Whether the service's command has ended well; else what it said.
launched() {
  cat "/var/log/lanco-$ns/$1.out"
  grep -qx 0 "/var/log/lanco-$ns/$1.status"
}

snapshot() {
  grep -v ' /run/lanco' /proc/self/mountinfo | grep -E 'cgroup|lanco' | cut -d' ' -f4- | sort
  grep lanco /proc/self/mountinfo
  find /sys/fs/cgroup /run/systemd/system /run/systemd/system.control -name '*lanco*' 2>/dev/null
  cut -d: -f2- /proc/1/cgroup | sort
}

# record NAME: what namespace.json has of this name.
record() { sed "s/.*\"$1\":\"\([a-z]*\)\".*/\1/" "/run/lanco/$ns/namespace.json"; }

# Whether the processes of a task, the shim included, are in the namespace's cgroups only.
in_own_cgroups() {
  pids=$(cat "/run/lanco/$ns/named/task-$1/cgroup.procs" "/run/lanco/$ns/named/shims/task-$1/cgroup.procs" 2>/dev/null)
  [ "$(echo "$pids" | grep -c .)" -gt 1 ] || return 1
  for pid in $pids; do
    ! grep -vE ":/(system.slice/lanco-$ns\.service|lanco-$ns)(/|\$)|:/task-$1\$|^[0-9]+:(misc|rdma|debug)?:/\$" \
      "/proc/$pid/cgroup" || return 1
  done
}

# state TASK: what status says of it.
state() { l status --json "$1" | sed 's/.*"state":"\([a-z ]*\)".*/\1/'; }
# is STATE TASK
is() { [ "$(state "$2")" = "$1" ] || { l status "$2" && return 1; }; }
# counts TASK NAME LEAST: a number of its status is at least so large.
counts() {
  number=$(l status --json "$1" | sed "s/.*\"$2\":{\?[^}]*\"$3\":\([0-9]*\).*/\1/")
  [ "$number" -ge "$4" ] || { l status "$1" && return 1; }
}
