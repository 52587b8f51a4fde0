# The shim: the parent of a task's first process, in a session apart from it and
# outside of the task's cgroup. When "run" has got the name of the task it is told the id of
# the run, starts the process, waits for it, and writes down how it ended. It says what it
# does to "run", line by line, on descriptor 4.
#   $1 descriptors that could not be closed    $2 the text of the child
#   $3 "bg", or the FIFO of a batch, or for run -f the directory of its FIFOs
#   $4 what runs are on record in              $5 what has a mark of each run
#   $6 the directory to change to, or ""       $7 the command to look up
#   $8... the child's arguments
lanco_high=$1 lanco_child=$2 lanco_mode=$3 lanco_runs=$4 lanco_marks=$5 lanco_dir=$6 lanco_command=$7
shift 7
lanco_fifos=''
# The shim pool has closed and opened what there is, and said what each line begins with.
[ -p "$lanco_mode" ] || { lanco_tag='' && exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; }
if [ "$lanco_mode" = bg ]; then
  exec 3<&0 4>&1 </dev/null >/dev/null 2>&1
elif [ -d "$lanco_mode" ]; then
  lanco_fifos=$lanco_mode
  # Nothing is emptied or made, should there be anything but the FIFOs.
  { [ -p "$lanco_fifos/said" ] && [ ! -h "$lanco_fifos/said" ] && [ -p "$lanco_fifos/go" ]; } || exit 1
  exec 3<"$lanco_fifos/go" 4>>"$lanco_fifos/said"
else
  { [ -p "$lanco_mode" ] && [ ! -h "$lanco_mode" ]; } || exit 1
  # Open for both first, for to open it for one waits for the other side, which may be dead.
  # shellcheck disable=SC2094
  exec 5<>"$lanco_mode" 3<"$lanco_mode" 5>&-
fi
# Caught and not ignored, for the child would inherit that. XFSZ: the caller's limit on the
# size of files may be less than what is written here.
trap : HUP INT QUIT TERM PIPE XFSZ

refuse() {
  printf '%serror %s\n' "$lanco_tag" "$*" >&4
  exit 1
}

# Sets lanco_found to the exit status that a shell gives for the command $1.
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

# "run" was killed, or gives up: nothing has been run, and nothing is left on record.
give_up() {
  { echo "${lanco_tag}void" >&4; } 2>/dev/null
  [ -z "$lanco_fifos" ] || set -- "$@" "$lanco_fifos"
  [ $# = 0 ] || exec /bin/rm -rf -- "$@"
  exit 1
}

# Prints the time since boot, in seconds, as a fork sees when it was started itself.
own_start() {
  read -r lanco_stat </proc/self/stat || return
  # shellcheck disable=SC2086 # a list of numbers
  set -- ${lanco_stat##*) }
  echo "${20%??}.${20#"${20%??}"}"
}

[ -z "$lanco_high" ] || echo "${lanco_tag}leak $lanco_high" >&4
if [ -n "$lanco_dir" ] && ! lanco_error=$(CDPATH='' cd -- "$lanco_dir" 2>&1); then
  refuse 1 "cannot enter the directory \"$lanco_dir\": ${lanco_error##*: }"
fi
[ -z "$lanco_dir" ] || CDPATH='' cd -- "$lanco_dir" || exit 1
look_up "$lanco_command"
case $lanco_found in
127) refuse 127 "cannot run \"$lanco_command\": no such command: give its path, or set PATH" ;;
126) refuse 126 "cannot run \"$lanco_command\": it is not an executable file: see \"chmod +x\"" ;;
esac
echo "${lanco_tag}found" >&4
read -r lanco_id <&3 || give_up
lanco_run=$lanco_runs/$lanco_id-$LANCO_TASK lanco_mark=$lanco_marks/$lanco_id-$LANCO_TASK
# shellcheck disable=SC2034 # "_" is the caller's
read -r lanco_word <&3 || give_up "$lanco_run" "$lanco_mark"

# Not emptied: what is in it keeps the room for what is written later. No other file has this
# id in it, whatever somebody has laid there.
exec 9<>"$lanco_run/status"
read -r lanco_line <&9 || :
[ "$lanco_line" = "$lanco_id" ] || refuse 1 "cannot write down how the task ends: another file was laid into $lanco_run: see who may write there"
# The mark is on a disk, which may have been full. It is known by the same id.
lanco_line=''
[ ! -f "$lanco_mark" ] || { command exec 7<>"$lanco_mark" && read -r lanco_line <&7; } 2>/dev/null || :
[ "$lanco_line" = "$lanco_id" ] || exec 7>&-
if [ -z "$lanco_fifos" ]; then
  (exec /usr/bin/setsid /bin/sh -c "$lanco_child" lanco "$lanco_tag" "$lanco_run" "$lanco_mark" "$@" 7>&-)
else
  # A shell tells of a signal that its child died of: the caller will see the status.
  exec 8>&2 2>/dev/null
  (exec /bin/sh -c "$lanco_child" lanco '' "$lanco_run" "$lanco_mark" "$@" 2>&8 7>&- 8>&-)
fi
lanco_status=$?
# When that was, by the clock that nobody sets. A sandbox may leave nothing but processes in
# /proc: then by the start of a fork, which is in hundredths.
# shellcheck disable=SC2034 # the second is for nobody
{ read -r lanco_up lanco_idle </proc/uptime || lanco_up=$(own_start); } 2>/dev/null
# One line by one write: a reader sees all of it or nothing. Its date is the file's.
echo "ended $lanco_status $lanco_up" >&9
[ "$lanco_line" != "$lanco_id" ] || echo "ended $lanco_status" >&7
{ echo "${lanco_tag}ended $lanco_status" >&4; } 2>/dev/null
exit "$lanco_status"
