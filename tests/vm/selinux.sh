# shellcheck disable=SC2034,SC2154 # scenario.sh, which reads this, sets ns and user, and reads keeper
# A host on which SELinux is enforced: a service of a web server's domain launches a task.

# web NAME: a service in httpd_t, whose script launches a task of this name, and prints what it said.
web() {
  script=/usr/local/sbin/web-$1 log=/var/log/web-$1
  : >"$log"
  chmod 666 "$log"
  chcon -t httpd_log_t "$log"
  printf '#!/bin/sh\nexec lanco %s run %s sleep 100000 >>%s 2>&1\n' "$ns" "$1" "$log" >"$script"
  chmod 755 "$script"
  chcon -t httpd_exec_t "$script"
  printf '[Service]\nUser=%s\nType=oneshot\nRemainAfterExit=yes\nExecStart=%s\n' "$user" "$script" \
    >"/run/systemd/system/web-$1.service"
  systemctl daemon-reload
  started=0
  systemctl start "web-$1" || started=1
  # The removal of the package is to leave nothing here.
  rm "$script"
  cat "$log"
  [ "$started" = 0 ] || dmesg | grep 'scontext=[^ ]*:httpd_t:' | sed 's/.*avc: //' | tail -n 5
  return "$started"
}

# domain TASK: the domain of SELinux that its command runs in.
domain() {
  pid=$(head -n 1 "/run/lanco/$ns/named/task-$1/cgroup.procs")
  cut -d: -f3 "/proc/$pid/attr/current"
}

confined_caller() {
  expect "a caller in a confined domain is refused what its policy does not permit" 1 web refused
  said "and is told of SELinux" "domain of SELinux"
  expect "nothing of its task is left" 3 l check refused
  lanco man selinux | sed -n 's/^;   \((allow web_t .*\)/\1/p' | sed 's/web_t/httpd_t/' >/var/lib/caller.cil
  check "permit it what the manual says" semodule -i /var/lib/caller.cil
  check "a caller in a confined domain launches a task" web permitted
  check "that task has left the service" in_own_cgroups permitted
  check "and is still in the caller's domain" test "$(domain permitted)" = httpd_t
  check "it survives the stop of the confined service" sh -c "systemctl stop web-permitted && lanco $ns check permitted"
  check "its owner stops it" l stop permitted
}

with_selinux() {
  check "SELinux is enforced" grep -qx 1 /sys/fs/selinux/enforce
  chooses systemd
  check "release what init has chosen" lanco "$ns" release
  play systemd story survival session hardened_service limits_of_run watching confined_caller
  # In Debian's policy nothing confines the kernel, which runs the agent.
  play named story hardened_service
  keeper=systemd
}
