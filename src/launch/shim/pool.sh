# The shim pool: a shell that a batch starts once, in a session of its own, and that knows
# already what a shim is. It forks one for each task, for a tenth of what a new shell takes.
# A line on descriptor 0 says what for, and what is said goes to 1; it ends with the batch.
# What is evaluated comes by that pipe alone: a file could be another process's by then.
#   $1 descriptors that could not be closed    $2 the text of the shim
#   $3 the text of the child                   $4 a directory of its own
#   $5 what the names of staged cgroups begin with
#   $6 the namespace's cgroups of v1           $7... FIFOs, by which children are told to go
lanco_high=$1 lanco_shim=$2 lanco_child=$3 lanco_nest=$4 lanco_stage=$5 lanco_cgroups=$6
shift 6
exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
# A fork knows its number from here only: not if this is for another PID namespace.
read -r lanco_self lanco_rest </proc/self/stat && [ "$lanco_self" = $$ ] || exit 1
/usr/bin/mkfifo -m 600 "$@" || exit 1
eval "lanco_shim() {
$lanco_shim
}"
# shellcheck disable=SC2034 # what stands for the end of a line in the text below
lanco_nl='
'
echo ready

# One line for each: what its lines are to begin with, its FIFO, its staged cgroup, and a text
# that sets the variables that are added, and the arguments of the shim.
while read -r lanco_tag lanco_fifo lanco_staged lanco_text; do
  # Nobody waits for the shim: its parent is killed by it. With "&" instead, the command
  # would ignore SIGINT and SIGQUIT for ever.
  (
    read -r lanco_parent lanco_rest </proc/self/stat
    (
      kill -KILL "$lanco_parent"
      # shellcheck disable=SC2034 # "_" is the caller's
      read -r lanco_self lanco_rest </proc/self/stat
      # It leaves the caller's cgroups, and its child with it, for less than "run" would need.
      for lanco_cgroup in "$lanco_stage$lanco_staged" $lanco_cgroups; do
        echo 0 >"$lanco_cgroup/cgroup.procs" || { echo "$lanco_tag no" && exit; }
      done
      eval "$lanco_text"
      exec 4>&1 </dev/null >/dev/null 2>&1
      lanco_tag="$lanco_tag "
      echo "${lanco_tag}shim $lanco_self" >&4
      lanco_shim "$lanco_high" "$lanco_child" "$lanco_fifo" "$@"
    )
    :
  )
done
/bin/rm -rf "$lanco_nest"
