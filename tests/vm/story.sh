# shellcheck disable=SC2034,SC2154 # scenario.sh, which reads this, sets ns and user, and reads as
# What a namespace is for, from init to release.

# A task, a storm of processes, and what is refused.
story() {
  # What is limited leaves some of the one processor to what it is asked for with.
  check "run" l run --cpus 0.1 first-task openssl speed -seconds 60 aes
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
}

# What a task survives that a service has launched.
survival() {
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
}

# The end of a login session.
session() {
  mkdir -p /etc/systemd/logind.conf.d
  printf '[Login]\nKillUserProcesses=yes\n' >/etc/systemd/logind.conf.d/kill.conf
  systemctl restart systemd-logind
  su - "$user" -c "lanco $ns run from-session sleep 100000; setsid sleep 4321 >/dev/null 2>&1 & sleep 1"
  until_true sh -c '! pgrep -f "^sleep 4321"'
  check "the end of a session kills what it left" sh -c '! pgrep -f "^sleep 4321"'
  check "survives the end of the session" l check from-session
  check "stop what a session has left" l stop from-session
}

hardened_service() {
  service hardened "lanco $ns run hard sleep 100000" \
    ProtectSystem=strict "ReadWritePaths=/run/lanco /var/log/lanco-$ns" ProtectControlGroups=yes \
    PrivateTmp=yes NoNewPrivileges=yes MemoryDenyWriteExecute=yes RestrictSUIDSGID=yes CapabilityBoundingSet=
  check "a hardened service launches a task" launched hardened
  check "that task has left the service" in_own_cgroups hard
  check "it survives the stop of the hardened service" sh -c "systemctl stop hardened && lanco $ns check hard"
}

dumped() {
  l dump >/var/lib/scenario-dump
  grep -Eq '"watched":\{"count":1,"cpu":[1-9][0-9]{6,},"memory":[1-9][0-9]{4,},"processes"' /var/lib/scenario-dump ||
    { cat /var/lib/scenario-dump && return 1; }
}
measured() { l metrics | grep -Eq "^lanco_task_$1\{[^}]*task=\"watched\"[^}]*\} [0-9.]*[1-9]"; }

# Watching, by the counters of this host.
watching() {
  check "run what is watched" l run --cpus 0.1 watched sh -c "echo begun; while :; do :; done"
  check "run what ends by itself" l run quick sh -c "echo one; sleep 2; echo two; exit 7"
  check "logs -f shows all and ends with the task" \
    sh -c "test \"\$(lanco $ns logs -f quick | tr '\n' ' ')\" = 'one two '"
  expect "wait gives its status" 7 l wait quick
  expect "wait -t runs out" 124 l wait -t 0.5 watched
  check "dump has what a task uses" dumped
  check "dump has what all use" grep -Eq '"cpu":[1-9][0-9]{6,},"memory":[1-9][0-9]{4,},"tasks"' /var/lib/scenario-dump
  check "metrics have its processor time" measured cpu_seconds_total
  check "metrics have its memory" measured memory_bytes
  check "pause what is watched" l pause watched
  check "top shows it" sh -c "lanco $ns top --once | grep -E '^watched +paused +1 '"
  check "ls -a shows how the other has ended" sh -c "lanco $ns ls -a | grep -q 'exited with status 7'"
}

# play KEEPER [PART...]: makes the namespace with this keeper, plays these parts, and releases it.
play() {
  keeper=$1 began=$(date +%s)
  shift
  as=" ($keeper)"
  before=$(snapshot)
  check "init" lanco "$ns" init -u "$user" -g "$user" --keeper "$keeper"
  layout=$(record layout)
  check "it has that keeper" test "$(record keeper)" = "$keeper"
  for part; do "$part"; done
  check "stop all" l stop --all --yes
  check "release" lanco "$ns" release
  after=$(snapshot)
  if [ "$before" = "$after" ]; then
    ok "mounts, cgroups and units are as they were before init"
  else
    echo "$before" >/tmp/before
    echo "$after" >/tmp/after
    not_ok "mounts, cgroups and units are as they were before init" "$(diff /tmp/before /tmp/after | head -n 5 | tr '\n' ' ')"
  fi
  as=
  echo "# $layout, keeper $keeper: $(($(date +%s) - began)) s"
}
