# The shim: the parent of a task's first process, in another session than that process and
# outside of the task's cgroups. When "run" has registered the task it sends the id of the run;
# the shim then starts the first process, waits for it, and writes its exit status into the
# record of the run. It reports each step to "run" by a line on descriptor 4.
#   $1 this text, or ""                        $2 descriptors that could not be closed
#   $3 the text of the child
#   $4 "bg", or the FIFO of a batch, or for run -f the directory of its FIFOs
#   $5 the directory of all runs               $6 the directory of the marks of all runs
#   $7 where the task will be: see end.sh      $8 the directory to change to, or ""
#   $9 the command to look up                  $10... the child's arguments from $5 on
lanco_high=$2 lanco_child=$3 lanco_mode=$4 lanco_runs=$5 lanco_marks=$6 lanco_dir=$8 lanco_command=$9
# shellcheck disable=SC2034 # they are for lanco_end, where there is one
lanco_unified=${7% *} lanco_lock=${7#* } lanco_run='' lanco_inode=''
shift 9
lanco_fifos=''

# reach NUMBER FILE: sets lanco_path to a path by which the file can be opened again that the
# descriptor has open. The redirections >> and <> create a file where a link leads that another
# process has put in the place of FILE; by the descriptor's path they reach the same file.
reach() {
  lanco_path=/proc/self/fd/$1
  # A sandbox may hide /proc.
  [ -e "$lanco_path" ] || lanco_path=$2
}

# In a shim pool the descriptors are prepared already, and lanco_tag is set.
[ -p "$lanco_mode" ] || { lanco_tag='' && exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; }
if [ "$lanco_mode" = bg ]; then
  exec 3<&0 4>&1 </dev/null >/dev/null 2>&1
elif [ -d "$lanco_mode" ]; then
  lanco_fifos=$lanco_mode
  # Another process of the owner may have replaced the FIFOs: no other file is written to.
  { [ -p "$lanco_fifos/said" ] && [ ! -h "$lanco_fifos/said" ] && [ -p "$lanco_fifos/go" ]; } || exit 1
  # This does not wait for a writer, for "run" has both open.
  exec 3<"$lanco_fifos/go" 8<"$lanco_fifos/said"
  # They may have been replaced since: the file that was opened must be a FIFO.
  reach 8 "$lanco_fifos/said"
  [ -p "$lanco_path" ] || exit 1
  exec 4>>"$lanco_path" 8<&-
else
  { [ -p "$lanco_mode" ] && [ ! -h "$lanco_mode" ]; } || exit 1
  # Opening a FIFO for reading waits for a writer, which may be dead: it is first opened for
  # both, which does not wait (fifo(7)).
  # shellcheck disable=SC2094
  exec 5<>"$lanco_mode" 3<"$lanco_mode" 5>&-
fi
# The signals are caught and not ignored, for the child would inherit ignored signals. XFSZ: the
# caller's limit on the size of files may be less than the size of the status.
trap : HUP INT QUIT TERM PIPE XFSZ

refuse() {
  printf '%serror %s\n' "$lanco_tag" "$*" >&4
  exit 1
}

# Sets lanco_found to 0 if the command $1 can be executed, or to 126 or 127 as a shell would.
look_up() {
  case $1 in
  '') set -- ;;
  */*) set -- "$1" ;;
  *)
    lanco_name=$1
    set --
    IFS=:
    set -f
    for lanco_path in $PATH; do set -- "$@" "${lanco_path:-.}/$lanco_name"; done
    set +f
    unset IFS
    ;;
  esac
  lanco_found=127
  for lanco_file; do
    [ ! -f "$lanco_file" ] || [ ! -x "$lanco_file" ] || { lanco_found=0 && break; }
    [ ! -e "$lanco_file" ] || lanco_found=126
  done
}

# Ends the shim when "run" was killed or gives up: the command was not executed. Removes the files
# given.
give_up() {
  [ -z "$lanco_unified" ] || lanco_give_up 2>/dev/null
  { echo "${lanco_tag}void" >&4; } 2>/dev/null
  [ -z "$lanco_fifos" ] || set -- "$@" "$lanco_fifos"
  [ $# = 0 ] || exec /bin/rm -rf -- "$@"
  exit 1
}

# start_of PROCESS: prints its start time, in hundredths of a second since boot (proc_pid_stat(5)).
start_of() {
  read -r lanco_stat <"/proc/$1/stat" || return
  # shellcheck disable=SC2086 # a list of numbers
  set -- ${lanco_stat##*) }
  echo "${20}"
}

# is_pipe PATH: whether it leads to the standard input of a process, which is a pipe. In a batch,
# other processes of the owner can write to the FIFO, too: a word from it names no other file, which
# would be made or truncated if it were opened.
is_pipe() {
  lanco_one=${1#/run/lanco/proc/}
  lanco_one=${lanco_one%/fd/0}
  case $lanco_one in '' | *[!0-9]*) return 1 ;; esac
  [ "$1" = "/run/lanco/proc/$lanco_one/fd/0" ] && [ -p "$1" ]
}

# Prints the time since boot in seconds, by the start time of the subshell that calls it.
own_start() {
  lanco_start=$(start_of self) || return
  echo "${lanco_start%??}.${lanco_start#"${lanco_start%??}"}"
}

[ -z "$lanco_high" ] || echo "${lanco_tag}leak $lanco_high" >&4
if [ -n "$lanco_dir" ] && ! lanco_error=$(CDPATH='' cd -- "$lanco_dir" 2>&1); then
  refuse 1 "cannot enter the directory \"$lanco_dir\": ${lanco_error##*: }"
fi
[ -z "$lanco_dir" ] || CDPATH='' cd -- "$lanco_dir" || exit 1
look_up "$lanco_command"
case $lanco_found in
127)
  lanco_fix="give its path, or set PATH"
  case $lanco_command in */*) lanco_fix="correct its path" ;; esac
  refuse 127 "cannot run \"$lanco_command\": no such command: $lanco_fix"
  ;;
126) refuse 126 "cannot run \"$lanco_command\": it is not an executable file: see \"chmod +x\"" ;;
esac
echo "${lanco_tag}found" >&4
# shellcheck disable=SC2034 # lanco_inode is for lanco_end
read -r lanco_id lanco_inode lanco_held <&3 || give_up
case $lanco_id:$lanco_inode in *[!0-9a-z:]*) give_up ;; esac
# An exit command waits until nobody has its standard input open for writing: see exit_command.sh.
[ -z "$lanco_held" ] || { is_pipe "$lanco_held" && command exec 6>>"$lanco_held"; } 2>/dev/null ||
  refuse 1 "cannot hold $lanco_held open: the shell of the exit command was killed"
lanco_run=$lanco_runs/$lanco_id-$LANCO_TASK lanco_mark=$lanco_marks/$lanco_id-$LANCO_TASK
# shellcheck disable=SC2034 # "_" is the caller's
read -r lanco_word lanco_locked lanco_beside <&3 || give_up "$lanco_run" "$lanco_mark"
# By the lock on its standard input the shell that keeps the time limit learns of the shim's end.
case $lanco_locked in
'' | -) ;;
*)
  { is_pipe "$lanco_locked" && command exec 5>>"$lanco_locked" && /usr/bin/flock -n 5; } 2>/dev/null ||
    refuse 1 "cannot lock $lanco_locked: the shell that keeps the time limit was killed, or there is no /usr/bin/flock: install util-linux"
  ;;
esac

# The status is not truncated, so that its space on the disk stays reserved. Its first line is the
# id of the run: a file that another process has put in its place has another.
lanco_line=''
# With "command", a failed redirection of "exec" does not end the shell.
{ command exec 8<"$lanco_run/status" && reach 8 "$lanco_run/status" && command exec 9<>"$lanco_path" &&
  read -r lanco_line <&9; } 2>/dev/null || :
[ "$lanco_line" = "$lanco_id" ] || refuse 1 "cannot write the exit status: another file was put into $lanco_run: see who may write there"
# If the disk was full, the mark may be missing or empty; else its first line is the same id.
lanco_line=''
[ ! -f "$lanco_mark" ] || { command exec 8<"$lanco_mark" && reach 8 "$lanco_mark" && command exec 7<>"$lanco_path" &&
  read -r lanco_line <&7; } 2>/dev/null || :
exec 8<&-
[ "$lanco_line" = "$lanco_id" ] || exec 7>&-
# By "lanco-child" other processes see that the child has not executed the command yet: see
# launch_shells.ts.
# shellcheck disable=SC2016 # the child evaluates its own argument
if [ -z "$lanco_fifos" ]; then
  (exec /usr/bin/setsid /bin/sh -c 'eval "$1"' lanco-child "$lanco_child" "$lanco_tag" "$lanco_run" "$lanco_mark" "$@" 5>&- 6>&- 7>&-)
else
  # A shell prints a message when a signal has killed its child: it must not appear in the
  # caller's standard error.
  exec 8>&2 2>/dev/null
  (exec /bin/sh -c 'eval "$1"' lanco-child "$lanco_child" '' "$lanco_run" "$lanco_mark" "$@" 2>&8 5>&- 6>&- 7>&- 8>&-)
fi
lanco_status=$?
# The time since boot does not change when the clock is set. A sandbox may hide /proc/uptime:
# then the start time of a subshell is used, which has the same precision, 10 ms.
# shellcheck disable=SC2034 # lanco_idle takes the field that is not needed
{ read -r lanco_up lanco_idle </proc/uptime || lanco_up=$(own_start); } 2>/dev/null
# The line is written by one write(2): a reader sees the whole line or nothing. The file's
# modification time is the time of the end.
echo "ended $lanco_status $lanco_up" >&9
[ "$lanco_line" != "$lanco_id" ] || echo "ended $lanco_status" >&7
{ echo "${lanco_tag}ended $lanco_status" >&4; } 2>/dev/null
# The shells that bound the output, which look themselves whether a process has been left, are told by a
# signal; the start time of each, behind its pid, tells it from a later process with this pid.
for lanco_one in $lanco_beside; do
  lanco_start=$(start_of "${lanco_one%/*}")
  [ -z "$lanco_start" ] || [ "$lanco_start" != "${lanco_one#*/}" ] || kill "${lanco_one%/*}"
done 2>/dev/null
[ -z "$lanco_unified" ] || lanco_end 2>/dev/null
exit "$lanco_status"
