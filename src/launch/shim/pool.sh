# The shim pool: a shell that a batch starts once, in a session of its own, and that has already
# parsed the text of the shim. It forks one shim for each task, in a tenth of the time that a new
# shell takes. Requests come by descriptor 0, a line each, and the answers of the pool and of its
# shims go to descriptor 1. The pool ends with the batch.
# Text to evaluate comes by that pipe only: another process could have changed a file.
#   $1 this text                               $2 descriptors that could not be closed
#   $3 the text of the shim                    $4 the text of the child
#   $5 the pool's own directory                $6 prefix of the paths of staged cgroups, or ""
#   $7 the namespace's cgroups of v1           $8... FIFOs from "run" to the shims
lanco_high=$2 lanco_shim=$3 lanco_child=$4 lanco_directory=$5 lanco_stage=$6 lanco_cgroups=$7
shift 7
exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
# A forked shim takes its process id from /proc, which must therefore be that of its own PID
# namespace. It is the name of its only thread: to read it from a file takes the shell a system call
# for each byte of the line.
for lanco_self in /proc/self/task/*; do :; done
[ "$lanco_self" = "/proc/self/task/$$" ] || exit 1
/usr/bin/mkfifo -m 600 "$@" || exit 1
eval "lanco_shim() {
$lanco_shim
}"
# shellcheck disable=SC2034 # stands for a line feed in lanco_text: see startText() in pool.ts
lanco_nl='
'
echo ready

# A request has four fields: the prefix of the shim's lines, its FIFO, its staged cgroup, and a
# text that sets the added variables and the arguments of the shim.
while read -r lanco_tag lanco_fifo lanco_staged lanco_text; do
  # The shim is forked twice and kills its parent, so that the pool need not wait for it. With
  # "&" instead, the command would ignore SIGINT and SIGQUIT (POSIX, asynchronous lists).
  (
    for lanco_parent in /proc/self/task/*; do :; done
    (
      kill -KILL "${lanco_parent##*/}"
      for lanco_self in /proc/self/task/*; do :; done
      lanco_self=${lanco_self##*/}
      # By its process id "run" learns of the end of a shim that is killed.
      echo "$lanco_tag shim $lanco_self"
      # The shim moves itself out of the caller's cgroups before it starts its child: this is
      # faster than if "run" moved both.
      for lanco_cgroup in ${lanco_stage:+"$lanco_stage$lanco_staged"} $lanco_cgroups; do
        echo 0 >"$lanco_cgroup/cgroup.procs" || { echo "$lanco_tag no" && exit; }
      done
      eval "$lanco_text"
      exec 4>&1 </dev/null >/dev/null 2>&1
      lanco_tag="$lanco_tag "
      lanco_shim "" "$lanco_high" "$lanco_child" "$lanco_fifo" "$@"
    )
    :
  )
done
/bin/rm -rf "$lanco_directory"
