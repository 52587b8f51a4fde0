#!/bin/sh
# The release agent of namespace @NAMESPACE@. The kernel runs it as root, with
# the path of a cgroup of the named hierarchy that has become empty:
#
#   /enter-X   the owner asks to let the processes of task X into unified/shims
#   /task-X    task X has ended
#   /new-U     what is left of a task that did not come to be
#
# The names are the owner's to choose, and so are the moments: nothing here may
# do harm when it comes twice, late, or beside a new task of the same name. As
# root it touches cgroups, where there are no links, and the directory "usage",
# which is root's; what it reads of "runs" is whether a file is there.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
exec </dev/null >/dev/null 2>&1
here=/run/lanco/@NAMESPACE@
hierarchies="@HIERARCHIES@"

# Whether the process is in the task's cgroup of the named hierarchy. The kernel
# let it in because it was the owner's.
is_member() {
  while read -r line; do
    case $line in *":name=lanco-@NAMESPACE@:/task-$name") return 0 ;; esac
  done <"/proc/$1/cgroup"
  return 1
}

case $1 in
/task-*/* | /new-*) exec rmdir "$here/named$1" ;;
/task-*) name=${1#/task-} ;;
/enter-*) name=${1#/enter-} ;;
*) exit 0 ;;
esac
case $name in '' | [.-]* | *[!A-Za-z0-9._-]*) exit 0 ;; esac
named=$here/named/task-$name

if [ "$1" = "/enter-$name" ]; then
  while read -r pid; do
    is_member "$pid" || continue
    echo "$pid" >"$here/unified/shims/cgroup.procs"
    # The pid may have gone to a stranger meanwhile: he must not stay with the owner.
    is_member "$pid" || echo "$pid" >@UNIFIED@/cgroup.procs
  done <"$named/cgroup.procs"
  exec rmdir "$here/named/enter-$name"
fi

# Another agent was faster, or a new task of this name is running already.
[ -d "$named" ] || exit 0
read -r _ <"$named/cgroup.procs" && exit 0
set --
for hierarchy in $hierarchies; do set -- "$@" "$here/$hierarchy/task-$name"; done
# What it has used is kept, a line a counter: the file's name, and its line.
[ ! -d "$1" ] || for cgroup; do
  for file in cpu.stat cpuacct.usage cpuacct.stat memory.peak memory.events \
    memory.max_usage_in_bytes memory.oom_control pids.peak; do
    [ ! -e "$cgroup/$file" ] || while read -r line; do echo "$file $line"; done <"$cgroup/$file"
  done
done >"$here/usage/$name"
# Of the newest thousand; the names are those of the line before.
# shellcheck disable=SC2012
[ "$(ls "$here/usage" | wc -l)" -le 1100 ] ||
  ls -t "$here/usage" | tail -n +1001 | while read -r old; do rm -f "$here/usage/$old"; done
rmdir "$@" || find "$@" -depth -type d -exec rmdir {} +
[ -e "$here/runs/$name/exit-command" ] || exec rmdir "$named"

# The exit command is read and run with the owner's rights, outside of every task.
for hierarchy in $hierarchies; do
  case $hierarchy in unified) leaf=/exits ;; *) leaf= ;; esac
  echo 0 >"$here/$hierarchy$leaf/cgroup.procs"
done
# shellcheck disable=SC2016 # the owner's shell expands it
exec setpriv --reuid @UID@ --regid @GID@ @SETPRIV@ /bin/sh -c '
  cd "$1" && read -r status <ended
  command=$(cat exit-command) && rm -f exit-command
  cd / && rmdir "$2" || exit
  export LANCO_NAMESPACE="$3" LANCO_TASK="$4" LANCO_STATUS="${status:-unknown}"
  exec /bin/sh -c "$command"
' lanco "$here/runs/$name" "$named" @NAMESPACE@ "$name"
