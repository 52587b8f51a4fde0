# shellcheck disable=SC2154 # what common.sh has set
# What takes down the unit that a namespace is kept by where systemd does it: after
# common.sh, and before systemd_up.sh. Whatever it finds half done, it does the rest.
unit=lanco-$ns.service unit_file=/run/systemd/system/lanco-$ns.service
unit_cgroups=6000
unit_mark="# Made by lanco init, and removed by lanco release."

# ask_systemd COMMAND ARGUMENT...: has systemctl(1) do it; fails with what that has said.
ask_systemd() {
  said=$(timeout --foreground 60 systemctl --no-ask-password "$@" 2>&1) && return
  fail 1 "systemd does not do \"$1\" for namespace $ns: ${said%%
*}: see \"systemctl status $unit\""
}

# unit_property NAME: prints what systemd says of the unit; nothing if that is nothing.
unit_property() {
  timeout --foreground 60 systemctl show --property="$1" --value "$unit"
}

# Sets cgroup to the unit's, or to nothing if there is none.
unit_cgroup() {
  cgroup=$(unit_property ControlGroup)
  [ -z "$cgroup" ] || cgroup=$(hierarchies | sed -n 's/^unified 2 //p')$cgroup
  [ -z "$cgroup" ] || [ -d "$cgroup" ] || cgroup=
}

# Whether a process is in the unit's cgroup, or below.
unit_is_populated() {
  [ -n "$cgroup" ] && read -r state <"$cgroup/cgroup.events" && [ "$state" != "populated 0" ]
}

# Prints some of the processes, as far as they are where all may be: "PID NAME, ".
unit_names() {
  timeout --foreground 5 find "$cgroup" -maxdepth 12 -name cgroup.procs -exec cat {} + 2>/dev/null |
    sort -un | head -n 10 | while read -r pid; do
    read -r command <"/proc/$pid/comm" || continue
    printf '%s %s, ' "$pid" "$command"
  done 2>/dev/null
}

# Fails, for somebody is there.
unit_in_use() {
  who=$(unit_names)
  who=${who%, }
  fail 4 "namespace $ns is in use, by ${who:-processes that come and go}: see \"lanco $ns ls\", and stop its tasks first"
}

# give_cgroup OWNER GROUP CGROUPS: to whom it belongs, and how many may be below.
give_cgroup() {
  # A number, though somebody be called so.
  chown "+$1:+$2" "$cgroup" "$cgroup/cgroup.procs"
  echo "$3" >"$cgroup/cgroup.max.descendants"
}

# Takes the cgroup from its owner, who starts no task and makes no cgroup from here on, if
# nobody is there; and gives it back if somebody was faster.
unit_close() {
  ! unit_is_populated || unit_in_use
  give_cgroup 0 0 0
  unit_is_populated || return 0
  give_cgroup "$(unit_property UID)" "$(unit_property GID)" "$unit_cgroups"
  unit_in_use
}

# Whether the unit is lanĉo's, or nobody's; sets known to the file that systemd has read, if any.
unit_is_ours() {
  known=$(unit_property FragmentPath)
  [ -z "$known" ] || [ "$known" = "$unit_file" ] || return 1
  [ ! -e "$unit_file" ] || { read -r line <"$unit_file" && [ "$line" = "$unit_mark" ]; }
}

# Stops the unit, with which systemd removes all its cgroups. As it may not be stopped by hand,
# it becomes one that may be, and that runs nothing of the owner's.
unit_stop() {
  if [ -e "$unit_file" ]; then
    sed -e '/^RefuseManualStop=/d' -e '/^ExecStop/d' -e 's/^TimeoutStopSec=.*/TimeoutStopSec=5/' \
      "$unit_file" >"$unit_file.new"
    mv "$unit_file.new" "$unit_file"
  fi
  ask_systemd daemon-reload
  ask_systemd stop "$unit"
}

unit_down() {
  unit_cgroup
  [ -z "$cgroup" ] || unit_close
  if unit_is_ours; then
    [ "$(unit_property ActiveState)" = inactive ] || unit_stop
    # What has failed is remembered, and would be by a namespace of that name.
    systemctl reset-failed "$unit" 2>/dev/null || :
    rm -f "$unit_file" "$unit_file.new"
  fi
  ! mountpoint -q "$run/unified" || umount "$run/unified" 2>/dev/null || umount --lazy "$run/unified"
  [ ! -d "$run/unified" ] || rmdir "$run/unified"
  [ ! -h "$run/named" ] || rm -f "$run/named"
  [ -z "$cgroup" ] || [ ! -d "$cgroup" ] || fail 1 "systemd has left $cgroup: release $ns again"
}
