# shellcheck disable=SC2154 # scenario.sh, which reads this, and story.sh set it
# Limits and accounting, as this host has them.

# in_force TASK TEXT: "limit" says exactly this of the limits of a task.
in_force() {
  output=$(l limit "$1")
  [ "$output" = "$1: $2" ] || { echo "$output" && return 1; }
}

# has PATTERN COMMAND...: the command prints a line with the pattern.
has() {
  pattern=$1
  shift
  output=$("$@" 2>&1)
  echo "$output" | grep -Eq -e "$pattern" || { echo "$output" && return 1; }
}

# Holds so much memory that is nobody's file, and says so.
# shellcheck disable=SC2016 # perl expands it
hold='$| = 1; $held = "x" x ($ARGV[0] << 20); print "has\n"; sleep 1000'
# holding TASK MEBIBYTES [OPTION...]: runs a task that holds so much.
holding() {
  task=$1 mebibytes=$2
  shift 2
  l run "$@" "$task" perl -e "$hold" "$mebibytes" && until_true logs_line "$task" has
}

# The limits of a task, from its start.
limits_of_run() {
  check "run with every limit" l run --memory 100M --cpus 0.1 --cpu-weight 50 --pids 20 --best-effort \
    --io-weight 50 limited sh -c "while :; do :; done"
  check "a limit of processors is enforced" until_true counts limited throttled times 1
  check "processor time is counted" until_true counts limited cpu total 100000000
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
}

# The limits of a task that runs are changed.
limits_changed() {
  check "run what holds memory" holding holder 40 --memory 200M --pids 9
  expect "a limit of memory below the use is refused" 1 l limit --cpus 1 --memory 16M holder
  said "and it says how much is in use" "cannot set --memory of task holder: it uses [0-9]+ bytes"
  check "nothing has been changed" in_force holder "--memory 209715200 --pids 9"
  check "and the task lives" running holder
  check "limits are changed while it runs" l limit --memory 100M --cpus 0.5 --pids max holder
  check "the changed ones are in force" in_force holder "--memory 104857600 --cpus 0.5"
  check "status tells them" has '"limits":\{"memory":104857600,"cpus":0.5' l status --json holder
  check "its peak of memory is kept" counts holder memory now 41943040
  l run two sh -c "sleep 1000 & sleep 1000 & wait"
  until_true has '^two +[^ ]+ +3 ' l top --once
  check "a limit of processes below the use ends none" has "has 3 processes and threads already" l limit --pids 1 two
  check "that task lives" has '^two +[^ ]+ +3 ' l top --once
  check "what the kernel can reclaim does not count" reclaimed
  check "stop what has changed" l stop --now holder two reader
}

# The cache of a file is no hindrance to a lower limit.
reclaimed() {
  l run --memory 200M reader sh -c 'head -c 48M /dev/zero >/var/tmp/read; sync; cat /var/tmp/read >/dev/null; rm /var/tmp/read; echo read; exec sleep 1000' &&
    until_true logs_line reader read && l limit --memory 16M reader && l check reader
}

# What systemd or the kernel has as the limit of the whole namespace.
limit_of_unit() { systemctl show --property "$1" --value "lanco-$ns"; }

again() { lanco "$ns" init -u "$user" "$@"; }

# The limits of all tasks together, which are properties of the unit where systemd keeps the namespace.
limits_of_namespace() {
  check "init limits the namespace" again --memory 80M --pids 100 --cpus 0.9
  if [ "$keeper" = systemd ]; then
    check "its memory is a property of the unit" test "$(limit_of_unit MemoryMax)" = 83886080
    check "its processes are" test "$(limit_of_unit TasksMax)" = 100
    check "its processors are" test "$(limit_of_unit CPUQuotaPerSecUSec)" = 900ms
  fi
  if [ "$layout" = unified ]; then
    check "the kernel has them" test "$(cat "/run/lanco/$ns/unified/memory.max" "/run/lanco/$ns/unified/pids.max" \
      "/run/lanco/$ns/unified/cpu.max" | tr '\n' ' ')" = "83886080 100 90000 100000 "
  fi
  systemctl daemon-reload
  check "namespaces -l shows them, after a daemon-reload too" has "^$ns .*--memory 83886080" lanco namespaces -l
  expect "more than the namespace has is refused" 6 l run --memory 81M too-much true
  l run bystander sleep 1000
  check "run what has no limit of its own" l run hungry tail /dev/zero
  until_true sh -c "! lanco $ns check hungry"
  check "the limit of the namespace is met, and told" is "out of memory" hungry
  check "the others live" running bystander
  [ "$keeper" != systemd ] || check "and so does the unit" systemctl is-active "lanco-$ns"
  check "hold most of the memory" holding most 50
  expect "init refuses a limit of memory below the use" 1 again --memory 40M
  said "and it says how much is in use" "cannot set --memory to 41943040: its tasks use [0-9]+"
  check "the task lives" running most
  check "the change is told" has "--memory 104857600, was 83886080" again --memory 100M
  expect "replace with more than the namespace has" 6 l run --replace --memory 200M bystander true
  check "replaces nothing" running bystander
  check "init gives it no process more" again --pids 4
  # With the release agent a launch may have made its processes before they are moved there.
  if [ "$keeper" = systemd ]; then
    expect "a namespace with all its processes is named as what hinders" 1 l run one-more sleep 1000
    said "and what to do" "namespace $ns may have 4 processes.*init --pids"
  fi
  check "init lifts them" again --memory max --pids max --cpus max
  check "stop what was limited together" l stop --now --all --yes
}
