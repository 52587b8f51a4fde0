# Prints facts about this host, one a line: a name, a space and a value. It changes nothing, but
# root's makes /run/lanco. It runs with the rights of the caller, which may be root's, and therefore
# sets its own PATH and umask.
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
echo "kernel $(uname -r)"
echo "uid $(id -u)"
echo "cmdline $(cat /proc/cmdline 2>/dev/null)"
grep -qw cgroup /proc/filesystems && echo "v1 yes"
[ "$(readlink /proc/self/ns/cgroup)" = 'cgroup:[4026531835]' ] && echo "first_cgroup_namespace yes"
# The list is read at once: bash reads from a file anew after each line, and mounts come and go.
while read -r _ _ _ root point rest; do
  rest=${rest##* - }
  case $root:${rest%% *} in
  /:cgroup2)
    echo "unified $point"
    echo "unified_controllers $(cat "$point/cgroup.controllers")"
    ;;
  /:cgroup) echo "v1_hierarchy ${rest##* }" ;;
  esac
done <<EOF
$(cat /proc/self/mountinfo)
EOF
for program in setsid setpriv flock mount umount mountpoint getent mkfifo find fallocate bash; do
  path=$(command -v "$program") && echo "program $program $path"
done
echo "shell $(readlink -f /bin/sh)"
# The release agent will lie on the file system of the nearest directory that exists.
for directory in /var/lib/lanco /var/lib /var /; do
  [ -d "$directory" ] || continue
  echo "agent_options $(findmnt -no OPTIONS -T "$directory" 2>/dev/null)"
  break
done
[ "$(cat /sys/fs/selinux/enforce 2>/dev/null)" = 1 ] && echo "selinux enforcing"
echo "logs_type $(findmnt -no FSTYPE -T /var/log 2>/dev/null)"
# systemd, if it is process 1 (sd_booted(3)).
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then
  echo "systemd $(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')"
  # Again for a moment, for the bus may just be starting.
  for _ in 1 2 3 4 5; do
    timeout 20 busctl --timeout=10 get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 \
      org.freedesktop.systemd1.Manager Version >/dev/null 2>&1 && echo "bus yes" && break
    [ -S /run/dbus/system_bus_socket ] || break
    sleep 0.5
  done
  # Owners of namespaces whose user managers run without a session of theirs (loginctl(1)).
  for record in /run/lanco/*/namespace.json; do
    owner=$(sed -n 's/.*"owner":"\([^"\\/]*\)".*/\1/p' "$record")
    [ -z "$owner" ] || [ ! -e "/var/lib/systemd/linger/$owner" ] || echo "lingers $owner"
  done
fi
# Only root can try to mount a named hierarchy; the mount namespace hides it from others. SELinux may
# let mount(8) mount nothing on what is labelled otherwise than /run; and /run itself is no place for
# it, for there mount(8) makes a directory of its own.
if [ "$(id -u)" = 0 ]; then
  unshare --mount --propagation private sh -c '
    mkdir -p /run/lanco && { [ ! -e /sys/fs/selinux/enforce ] || chcon --reference=/run /run/lanco || :; }
    mount -t cgroup -o none,name=lanco-doctor lanco-doctor /run/lanco && umount /run/lanco
  ' >/dev/null 2>&1 && echo "named_mount yes" || echo "named_mount no"
fi
