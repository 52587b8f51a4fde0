# shellcheck disable=SC2154 # variables that common.sh and down.sh set
# How "release" takes a namespace from systemd: it removes the unit. It follows common.sh, and is
# called by down.sh. Whatever it finds half done, it does the rest.
unit=lanco-$ns.service unit_file=/run/systemd/system/lanco-$ns.service
unit_cgroups=6000
unit_mark="# Made by lanco init, and removed by lanco release."

# again PROGRAM ARGUMENT...: runs a program of systemd's, and sets said to its output; runs it again, for
# some seconds, if it fails because systemd or dbus is just being executed anew.
again() {
  asked=0
  until said=$(timeout --foreground 60 "$@" 2>&1); do
    case $said in
    *"not connected"* | *"onnection re"* | *"onnection t"* | *isconnected* | *"to connect to bus"*) ;;
    *) return 1 ;;
    esac
    [ "$((asked += 1))" -lt 100 ] || return 1
    sleep 0.1
  done
}

# ask_systemd COMMAND ARGUMENT...: has systemctl(1) do it; fails with its message.
ask_systemd() {
  ! again systemctl --no-ask-password "$@" || return 0
  fail 1 "systemd does not do \"$1\" for namespace $ns: ${said%%
*}: see \"systemctl status $unit\""
}

# unit_property NAME: prints a property of the unit; nothing if it is empty.
unit_property() {
  again systemctl show --property="$1" --value "$unit" || fail 1 "systemd tells nothing of $unit: ${said%%
*}"
  printf '%s\n' "$said"
}

# Sets cgroup to that of the unit, or to nothing if there is none.
unit_cgroup() {
  cgroup=$(unit_property ControlGroup)
  [ -z "$cgroup" ] || cgroup=$(hierarchies | sed -n 's/^unified 2 //p')$cgroup
  [ -z "$cgroup" ] || [ -d "$cgroup" ] || cgroup=
}

# give_cgroup OWNER GROUP CGROUPS: gives the cgroup to an owner, by their numbers, and sets how
# many cgroups may be below it.
give_cgroup() {
  chown "+$1:+$2" "$cgroup" "$cgroup/cgroup.procs"
  echo "$3" >"$cgroup/cgroup.max.descendants"
}

# Whether the unit is lanĉo's, or does not exist yet; sets known to the file that systemd has
# read, if any.
unit_is_ours() {
  known=$(unit_property FragmentPath)
  [ -z "$known" ] || [ "$known" = "$unit_file" ] || return 1
  [ ! -e "$unit_file" ] || { read -r line <"$unit_file" && [ "$line" = "$unit_mark" ]; }
}

# Has systemd read the unit again without what keeps it from being stopped by hand, and without
# what is done then; and without Delegate=, after which systemd moves no process to it.
unit_disarm() {
  sed -e '/^RefuseManualStop=/d' -e '/^Delegate=/d' -e '/^ExecStop/d' -e 's/^TimeoutStopSec=.*/TimeoutStopSec=5/' \
    "$unit_file" >"$unit_file.new"
  mv "$unit_file.new" "$unit_file"
  ask_systemd daemon-reload
}

# Whether there is a process in the unit besides those in "shims" itself, which belong to no task
# that runs: shells of launches under way and of batches, and what cleans up after a task; and
# besides those that keep the time limit of a run, which end with it.
unit_is_used() {
  [ -n "$cgroup" ] || return
  ! read -r _ <"$cgroup/cgroup.procs" || return 0
  for events in "$cgroup"/*/cgroup.events "$cgroup"/shims/*/cgroup.events; do
    case $events in "$cgroup/shims/cgroup.events" | "$cgroup"/exit-T*) continue ;; esac
    ! read -r state <"$events" || [ "$state" != "populated 1" ] || return 0
  done
  return 1
} 2>/dev/null

# If nobody uses it, has systemd accept no more of them, and takes the cgroup from its
# owner. If a process has come in just before, gives all back and fails. A unit that is not
# delegated accepts none; and as this one may not be stopped by hand, it becomes one that may be.
unit_close() {
  unit_cgroup
  # shellcheck disable=SC2034 # members() uses them
  places=" $cgroup" depth="-maxdepth 12" dir='' patience=5 besides=$cgroup/shims/cgroup.procs
  ! unit_is_used || unit_in_use
  unit_is_ours || return 0
  [ -n "$known" ] || [ -e "$unit_file" ] || return 0
  if [ -e "$unit_file" ]; then
    # An earlier release may have been killed after this.
    [ -e "$unit_file.old" ] || ln "$unit_file" "$unit_file.old"
    unit_disarm
  else
    ask_systemd daemon-reload
  fi
  [ -n "$cgroup" ] || return 0
  give_cgroup 0 0 0
  ! unit_is_used || unit_in_use
  # A launch cannot move its task out of "shims" any more. Before Linux 5.14 systemd kills, later.
  for file in "$cgroup/shims/cgroup.kill" "$cgroup"/exit-T*/cgroup.kill; do
    [ ! -e "$file" ] || echo 1 >"$file" || :
  done 2>/dev/null
}

# Gives back what unit_close has taken, also before it was killed, and fails.
unit_in_use() {
  if [ -e "$unit_file.old" ]; then
    # The unit has no group: that of the namespace is for reading, and no process gets it.
    on_record || gid=0
    give_cgroup "$(unit_property UID)" "$gid" "$unit_cgroups"
    mv "$unit_file.old" "$unit_file"
    ask_systemd daemon-reload
  fi
  in_use
}

# Stops the unit, with which systemd removes all its cgroups.
unit_stop() {
  [ "$(unit_property ActiveState)" = inactive ] || ask_systemd stop "$unit"
}

# Forgets the unit, with its failure if it has failed, and the limits that init has set: a later
# namespace of the name would have them.
unit_forget() {
  systemctl reset-failed "$unit" 2>/dev/null || :
  rm -f "$unit_file" "$unit_file.new" "$unit_file.old"
  [ ! -d "/run/systemd/system.control/$unit.d" ] || ask_systemd revert "$unit"
}

unit_remove() {
  ! unit_is_ours || { unit_stop && unit_forget; }
  for place in unified usage locks; do put_away "$run/$place"; done
  [ -z "$cgroup" ] || [ ! -d "$cgroup" ] || fail 1 "systemd has left $cgroup: release $ns again"
}
