#!/bin/sh
# What is proven on a host booted for the purpose. Runs there as root, from a unit
# of its own, with the executable beside it; prints a line a check.
#   ok NAME
#   not ok NAME: why
set -u
here=$(cd "$(dirname "$0")" && pwd)
install -m 755 "$here/lanco" /usr/local/bin/lanco
PATH=/usr/local/bin:$PATH
export PATH
ns=testns
user=app

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1: $2"; }

# check NAME COMMAND...: the command must succeed.
check() {
  name=$1
  shift
  if output=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$* -> $? $(echo "$output" | tail -n 3 | tr '\n' ' ')"; fi
}

# expect NAME STATUS COMMAND...: the command must end with the status.
expect() {
  name=$1 status=$2
  shift 2
  output=$("$@" 2>&1)
  got=$?
  if [ "$got" = "$status" ]; then ok "$name"; else not_ok "$name" "$* -> $got, not $status: $output"; fi
}

as_user() { setpriv --reuid="$user" --regid="$user" --init-groups "$@"; }
l() { as_user lanco "$ns" "$@"; }
running() { l check "$1"; }
# until_true COMMAND...: wait at most 60 s.
until_true() {
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  return 1
}

# service NAME COMMAND [SETTING...]: a service of the user's, which goes on after the command.
service() {
  unit=$1 command=$2
  shift 2
  {
    printf '[Service]\nUser=%s\nType=exec\nRestart=no\n' "$user"
    [ $# -eq 0 ] || printf '%s\n' "$@"
    printf 'ExecStart=/bin/sh -c "%s >/tmp/%s.out 2>&1; echo $$? >/tmp/%s.status; exec sleep 1000"\n' \
      "$command" "$unit" "$unit"
  } >"/run/systemd/system/$unit.service"
  systemctl daemon-reload
  rm -f "/tmp/$unit.status"
  systemctl start "$unit"
  until_true test -s "/tmp/$unit.status"
}

# Whether the service's command has ended well; else what it said.
launched() {
  cat "/tmp/$1.out"
  grep -qx 0 "/tmp/$1.status"
}

snapshot() {
  grep -v ' /run/lanco' /proc/self/mountinfo | grep -E 'cgroup|lanco' | cut -d' ' -f4- | sort
  grep lanco /proc/self/mountinfo
  find /sys/fs/cgroup -name '*lanco*'
  cut -d: -f2- /proc/1/cgroup | sort
}

# Whether the processes of a task, the shim included, are in the namespace's cgroups only.
in_own_cgroups() {
  pids=$(cat "/run/lanco/$ns/named/task-$1/cgroup.procs")
  [ -n "$pids" ] || return 1
  for pid in $pids; do
    ! grep -vE ":/lanco-$ns(/|\$)|:/task-$1\$|^[0-9]+:(misc|rdma|debug)?:/\$" "/proc/$pid/cgroup" || return 1
  done
}

echo "# $(uname -r) systemd $(systemctl --version | awk 'NR == 1 { print $2 }')"
before=$(snapshot)

# The story.
check "init" lanco "$ns" init -u "$user" -g "$user"
echo "# $(sed 's/.*"layout":"\([a-z]*\)".*/\1/' "/run/lanco/$ns/namespace.json")"
check "run" l run first-task openssl speed aes
check "check" l check first-task
check "ls shows the task" sh -c "lanco $ns ls | grep -q 'openssl speed aes'"
expect "run again is refused" 4 l run first-task openssl speed aes
expect "stop of another is refused" 3 l stop second-task
check "the log is written" until_true grep -q Doing "/var/log/lanco-$ns/task-first-task.log"
check "stop" l stop first-task
check "run a storm" l run second-task sh -c "while true; do (sleep 30 &)& sleep 1; done"
sleep 2
check "stop the storm" l stop second-task
expect "it is gone" 3 l check second-task
expect "a command that does not exist" 127 l run nope no-such-command

# A service that launches a task.
service caller "lanco $ns run survivor sleep 100000"
check "a service launches a task" launched caller
check "the task and its shim have left every cgroup of the service" in_own_cgroups survivor
check "survives restart of the service" sh -c "systemctl restart caller && sleep 1 && lanco $ns check survivor"
check "survives kill -9 of the caller" sh -c "systemctl kill -s KILL caller; sleep 1; lanco $ns check survivor"
check "survives stop of the service" sh -c "systemctl stop caller && lanco $ns check survivor"
check "survives daemon-reload" sh -c "systemctl daemon-reload && lanco $ns check survivor"
check "survives daemon-reexec" sh -c "systemctl daemon-reexec && sleep 3 && lanco $ns check survivor"
check "is still in its own cgroups" in_own_cgroups survivor
check "survives the replacement of the executable" sh -c \
  "cp $here/lanco /usr/local/bin/lanco.new && mv /usr/local/bin/lanco.new /usr/local/bin/lanco && lanco $ns check survivor"

# The end of a login session.
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\nKillUserProcesses=yes\n' >/etc/systemd/logind.conf.d/kill.conf
systemctl restart systemd-logind
su - "$user" -c "lanco $ns run from-session sleep 100000; setsid sleep 4321 >/dev/null 2>&1 & sleep 1"
until_true sh -c '! pgrep -f "^sleep 4321"'
check "the end of a session kills what it left" sh -c '! pgrep -f "^sleep 4321"'
check "survives the end of the session" l check from-session
check "stop what a session has left" l stop from-session

# A hardened service.
service hardened "lanco $ns run hard sleep 100000" \
  ProtectSystem=strict "ReadWritePaths=/run/lanco /var/log/lanco-$ns /tmp" ProtectControlGroups=yes \
  NoNewPrivileges=yes MemoryDenyWriteExecute=yes RestrictSUIDSGID=yes CapabilityBoundingSet=
check "a hardened service launches a task" launched hardened
check "that task has left the service" in_own_cgroups hard
check "it survives the stop of the hardened service" sh -c "systemctl stop hardened && lanco $ns check hard"

check "stop all" l stop hard survivor
check "release" lanco "$ns" release
after=$(snapshot)
if [ "$before" = "$after" ]; then
  ok "mounts and cgroups are as they were before init"
else
  echo "$before" >/tmp/before
  echo "$after" >/tmp/after
  not_ok "mounts and cgroups are as they were before init" "$(diff /tmp/before /tmp/after | head -n 5 | tr '\n' ' ')"
fi
echo "# end"
