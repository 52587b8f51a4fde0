#!/bin/sh
# What is proven on a host booted for the purpose. Runs there as root, from a unit
# of its own, with the package beside it; prints a line a check.
#   ok NAME
#   not ok NAME: why
set -u
here=$(cd "$(dirname "$0")" && pwd)
package=$(echo "$here"/lanco_*.deb)
ns=testns
user=app
# The one directory that a hardened service may write to as well.
logs=/var/log/lanco-$ns

# Tells who watches that the kernel of this host goes on.
while sleep 10; do echo "."; done &

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
  cat "$logs/$1.out"
  grep -qx 0 "$logs/$1.status"
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

# state TASK: what status says of it.
state() { l status --json "$1" | sed 's/.*"state":"\([a-z ]*\)".*/\1/'; }
# is STATE TASK
is() { [ "$(state "$2")" = "$1" ] || { l status "$2" && return 1; }; }
# counts TASK NAME LEAST: a number of its status is at least so large.
counts() {
  number=$(l status --json "$1" | sed "s/.*\"$2\":{\?[^}]*\"$3\":\([0-9]*\).*/\1/")
  [ "$number" -ge "$4" ] || { l status "$1" && return 1; }
}

# What removing the package must leave as it was.
files() {
  find /usr /var/lib/dpkg/info | sort
  find /etc -name '*lanco*'
}
# With or without the same package in place.
install_package() { dpkg --force-unsafe-io -i "$package"; }

# Removes the package while a task runs, and again when nothing of lanco is left.
# The namespace is there.
remove_package() {
  check "run before the removal" l run kept sleep 100000
  check "remove the package while a task runs" dpkg --purge lanco
  check "the task goes on without it" grep -q . "/run/lanco/$ns/named/task-kept/cgroup.procs"
  check "install the package again" install_package
  check "the task is known to it" l check kept
  check "stop what outlived the package" l stop kept
  check "release before the removal" lanco "$ns" release
  check "remove the package" dpkg --purge lanco
  files >/var/lib/scenario-after
  check "nothing of the package is left" diff /var/lib/scenario-before /var/lib/scenario-after
}

# The second boot: systemd has brought the namespace back.
if [ -e /var/lib/scenario-rebooted ]; then
  check "lanco@ has made the namespace at boot" until_true systemctl is-active "lanco@$ns"
  check "the owner can run a task in it" l run after-boot sleep 1000
  expect "the namespace has its limits again" 6 l run --memory 301M too-much true
  check "stop after the reboot" l stop after-boot
  systemctl disable "lanco@$ns"
  rm -rf /etc/lanco
  remove_package
  echo "# end"
  exit
fi

echo "# $(uname -r) systemd $(systemctl --version | awk 'NR == 1 { print $2 }')"
files >/var/lib/scenario-before
check "install the package" install_package
! command -v man >/dev/null || check "man finds the page" man -w lanco
before=$(snapshot)

# The story.
check "init" lanco "$ns" init -u "$user" -g "$user"
layout=$(sed 's/.*"layout":"\([a-z]*\)".*/\1/' "/run/lanco/$ns/namespace.json")
echo "# $layout"
check "run" l run first-task openssl speed -seconds 60 aes
check "check" l check first-task
check "ls shows the task" sh -c "lanco $ns ls | grep -q 'openssl speed -seconds 60 aes'"
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
# The service starts it again when it is restarted: only the same run has survived.
cgroup=/run/lanco/$ns/named/task-survivor
run=$(stat -c %i "$cgroup")
check "survives restart of the service" sh -c "systemctl restart caller && sleep 1 && test \$(stat -c %i $cgroup) = $run"
check "survives kill -9 of the caller" sh -c "systemctl kill -s KILL caller; sleep 1; lanco $ns check survivor"
check "survives stop of the service" sh -c "systemctl stop caller && lanco $ns check survivor"
check "survives daemon-reload" sh -c "systemctl daemon-reload && lanco $ns check survivor"
check "survives daemon-reexec" sh -c "systemctl daemon-reexec && sleep 3 && lanco $ns check survivor"
check "is still in its own cgroups" in_own_cgroups survivor
check "install the package over itself" install_package
check "survives the upgrade of the package" sh -c "lanco $ns check survivor && test \$(stat -c %i $cgroup) = $run"

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
  ProtectSystem=strict "ReadWritePaths=/run/lanco $logs" ProtectControlGroups=yes \
  PrivateTmp=yes NoNewPrivileges=yes MemoryDenyWriteExecute=yes RestrictSUIDSGID=yes CapabilityBoundingSet=
check "a hardened service launches a task" launched hardened
check "that task has left the service" in_own_cgroups hard
check "it survives the stop of the hardened service" sh -c "systemctl stop hardened && lanco $ns check hard"

# Limits and accounting, as this host has them.
check "doctor" lanco doctor
check "run with every limit" l run --memory 100M --cpus 0.5 --cpu-weight 50 --pids 20 --best-effort \
  --io-weight 50 limited sh -c "while :; do :; done"
check "a limit of processors is enforced" until_true counts limited throttled times 1
check "processor time is counted" counts limited cpu total 100000000
check "memory is counted" counts limited memory now 10000
check "pause" l pause limited
check "it is paused" is paused limited
check "resume" l resume limited
check "it goes on" is running limited
check "stop what is limited" l stop limited
check "its end and its counters are kept" counts limited cpu total 100000000
check "it was killed" is killed limited
# bash, for dash ends when it cannot fork, and so does its bomb.
check "a fork bomb" l run --pids 200 bomb bash -c 'trap "" TERM; b() { b | b & }; while :; do b; done'
sleep 2
check "stop --now of the bomb" l stop --now bomb
check "run out of memory" l run --memory 40M starved tail /dev/zero
until_true sh -c "! lanco $ns check starved"
check "an out-of-memory kill is reported" is "out of memory" starved

# Watching, by the counters of this host.
check "run what is watched" l run watched sh -c "echo begun; while :; do :; done"
check "run what ends by itself" l run quick sh -c "echo one; sleep 2; echo two; exit 7"
check "logs -f shows all and ends with the task" \
  sh -c "test \"\$(lanco $ns logs -f quick | tr '\n' ' ')\" = 'one two '"
expect "wait gives its status" 7 l wait quick
expect "wait -t runs out" 124 l wait -t 0.5 watched
dumped() {
  l dump >/var/lib/scenario-dump
  grep -Eq '"watched":\{"count":1,"cpu":[1-9][0-9]{6,},"memory":[1-9][0-9]{4,},"processes"' /var/lib/scenario-dump ||
    { cat /var/lib/scenario-dump && return 1; }
}
check "dump has what a task uses" dumped
check "dump has what all use" grep -Eq '"cpu":[1-9][0-9]{6,},"memory":[1-9][0-9]{4,},"tasks"' /var/lib/scenario-dump
measured() { l metrics | grep -Eq "^lanco_task_$1\{[^}]*task=\"watched\"[^}]*\} [0-9.]*[1-9]"; }
check "metrics have its processor time" measured cpu_seconds_total
check "metrics have its memory" measured memory_bytes
check "pause what is watched" l pause watched
check "top shows it" sh -c "lanco $ns top --once | grep -E '^watched +paused +1 '"
check "ls -a shows how the other has ended" sh -c "lanco $ns ls -a | grep -q 'exited with status 7'"

check "stop all" l stop hard survivor watched
check "release" lanco "$ns" release
after=$(snapshot)
if [ "$before" = "$after" ]; then
  ok "mounts and cgroups are as they were before init"
else
  echo "$before" >/tmp/before
  echo "$after" >/tmp/after
  not_ok "mounts and cgroups are as they were before init" "$(diff /tmp/before /tmp/after | head -n 5 | tr '\n' ' ')"
fi
if [ "$layout" = unified ]; then
  mkdir -p /etc/lanco
  echo 'LANCO_INIT="-u app --memory 300M"' >"/etc/lanco/$ns"
  check "enable at boot" systemctl enable --now "lanco@$ns"
  check "run after enabling" l run enabled true
  : >/var/lib/scenario-rebooted
  : >/run/scenario-reboots
  sync
  systemctl --no-block reboot
  exit
fi
check "init again" lanco "$ns" init -u "$user" -g "$user"
remove_package
echo "# end"
