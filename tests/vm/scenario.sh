#!/bin/sh
# What is proven on a host booted for the purpose. Runs there as root, from a unit
# of its own, with the package beside it; prints a line a check.
#   ok NAME
#   not ok NAME: why
# shellcheck disable=SC1091,SC2034,SC2086 # what is read here is checked by itself, and reads what is set; words
set -u
here=$(cd "$(dirname "$0")" && pwd)
package=$(echo "$here"/lanco_*.deb)
ns=testns
user=app
# What is added to the names of checks.
as=
. "$here/checks.sh"
. "$here/story.sh"
. "$here/limits.sh"
. "$here/selinux.sh"

# Tells who watches that the kernel of this host goes on.
while sleep 10; do echo "."; done &

# What removing the package must leave as it was.
files() {
  find /usr /var/lib/dpkg/info | sort
  find /etc -name '*lanco*'
}
# With or without the same package in place.
install_package() { dpkg --force-unsafe-io -i "$package"; }

# remove_package NAMESPACE...: removes the package while a task runs in each, and again when
# nothing of lanco is left.
remove_package() {
  for ns; do check "run before the removal" l run kept sleep 100000; done
  check "remove the package while tasks run" dpkg --purge lanco
  for ns; do check "the task goes on without it" grep -q . "/run/lanco/$ns/named/task-kept/cgroup.procs"; done
  check "install the package again" install_package
  for ns; do
    check "the task is known to it" l check kept
    check "stop what outlived the package" l stop kept
    check "release before the removal" lanco "$ns" release
  done
  check "remove the package" dpkg --purge lanco
  files >/var/lib/scenario-after
  check "nothing of the package is left" diff /var/lib/scenario-before /var/lib/scenario-after
}

# What is made at boot: with the named hierarchy, and with what init chooses.
boot_namespaces="at-boot-named at-boot"

# at_boot NAMESPACE: sets ns to it, keeper to what is to keep it, and demanded to the option for that.
at_boot() {
  ns=$1 keeper=systemd demanded=''
  case $ns in *-named) keeper=named demanded="--keeper named" ;; esac
  as=" ($keeper)"
}

# Has systemd make a namespace with each keeper at boot, and tasks end as it goes down.
before_reboot() {
  mkdir -p /etc/lanco
  for name in $boot_namespaces; do
    at_boot "$name"
    echo "LANCO_INIT=\"-u app --memory 300M $demanded\"" >"/etc/lanco/$ns"
    check "enable at boot" systemctl enable --now "lanco@$ns"
    check "run after enabling" l run enabled true
    l run --stop-signal USR1 asked sh -c 'trap "echo asked; exit" USR1; echo ready; sleep 1000 & wait'
    check "run what will be stopped at the shutdown" until_true logs_line asked ready
  done
  : >/var/lib/scenario-rebooted
  : >/run/scenario-reboots
  sync
  systemctl --no-block reboot
}

after_reboot() {
  for name in $boot_namespaces; do
    at_boot "$name"
    check "lanco@ has made the namespace at boot" until_true systemctl is-active "lanco@$ns"
    check "it has its keeper" test "$(record keeper)" = "$keeper"
    check "the shutdown stopped a task as its starter had said" logs_line asked asked
    check "the owner can run a task in it" l run after-boot sleep 1000
    expect "the namespace has its limits again" 6 l run --memory 301M too-much true
    check "stop after the reboot" l stop after-boot
    systemctl disable "lanco@$ns"
  done
  as=
  rm -rf /etc/lanco
  remove_package $boot_namespaces
  echo "# end"
}

# chooses KEEPER: what init without --keeper has keep a new namespace.
chooses() {
  check "init without --keeper" lanco "$ns" init -u "$user"
  check "chooses $1" test "$(record keeper)" = "$1"
}

# Where either can keep namespaces.
either_keeper() {
  check "doctor says that systemd keeps namespaces, and how to have the other" \
    has 'keeper systemd; "init --keeper named" gives the other' lanco doctor
  chooses systemd
  expect "another keeper for what is there is refused" 1 lanco "$ns" init -u "$user" --keeper named
  said "and it says what to do" "is kept by systemd: to have another keeper, run .*release"
  check "release what init has chosen" lanco "$ns" release
  check "init --keeper named" lanco "$ns" init -u "$user" --keeper named
  stays_named
  upgraded
}

# A namespace that a named hierarchy keeps has it as long as it is there.
stays_named() {
  check "init again, without --keeper" lanco "$ns" init -u "$user"
  check "leaves the namespace with its keeper" test "$(record keeper)" = named
  check "release a named hierarchy" lanco "$ns" release
}

# What 1.1.0 has made.
upgraded() {
  [ -e "$here/before" ] || { echo "# no upgrade from 1.1.0: it could not be built" && return; }
  as=" (1.1.0)"
  check "init by the version before" "$here/before" "$ns" init -u "$user"
  check "run by the version before" as_user "$here/before" "$ns" run old sleep 100000
  check "this version knows that task" running old
  check "and starts another" l run new sleep 100000
  check "init of this version while both run" lanco "$ns" init -u "$user"
  check "they go on" l check old new
  check "stop both" l stop old new
  stays_named
  chooses systemd
  check "release what init has chosen" lanco "$ns" release
  as=
}

# Where the kernel mounts no named hierarchy.
without_named() {
  check "doctor says that systemd keeps namespaces, and why nothing else" \
    has "keeper systemd; not named: cannot mount a named hierarchy: boot without cgroup_no_v1=named" lanco doctor
  expect "init of a named hierarchy is refused" 1 lanco "$ns" init -u "$user" --keeper named
  said "with the same reason" "named cannot be the keeper here: .*: boot without cgroup_no_v1=named"
  expect "nothing of it is left" 5 l check any
  chooses systemd
  check "release what init has chosen" lanco "$ns" release
  play systemd story hardened_service
}

if [ -e /var/lib/scenario-rebooted ]; then
  after_reboot
  exit
fi

echo "# $(uname -r) systemd $(systemctl --version | awk 'NR == 1 { print $2 }')"
files >/var/lib/scenario-before
check "install the package" install_package
! command -v man >/dev/null || check "man finds the page" man -w lanco
check "doctor" lanco doctor

parts="story survival session hardened_service limits_of_run watching"
if grep -q cgroup_no_v1=named /proc/cmdline; then
  without_named
elif grep -q enforcing=1 /proc/cmdline; then
  with_selinux
elif lanco doctor | grep -q "layout unified"; then
  either_keeper
  # What takes long is played once: with one keeper here, with the other on the other release. One
  # of the two reboots, for scripts/shutdown_test reboots containers of both releases.
  if grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then
    play systemd $parts limits_of_namespace
    play named $parts
    before_reboot
    exit
  fi
  play systemd $parts limits_changed
  play named $parts limits_of_namespace
  keeper=systemd
else
  check "doctor says why systemd cannot keep namespaces" has "not systemd: systemd uses cgroup v1" lanco doctor
  play named $parts
fi
chooses "$keeper"
remove_package "$ns"
echo "# end"
