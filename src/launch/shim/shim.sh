# The shim: the parent of a task's first process, in a session apart from it and
# outside of the task's cgroup. It starts the process, waits for it, and writes
# down how it ended. It says what it does to "run", line by line, on descriptor 4.
#   $1 descriptors that could not be closed    $2 the text of the child
#   $3 "bg", "fg" for run -f, or its FIFO      $4 the directory of this run
#   $5 the number of this run                  $6 the directory to change to, or ""
#   $7 the command to look up                  $8... the child's arguments
lanco_high=$1 lanco_child=$2 lanco_mode=$3 lanco_run=$4 lanco_number=$5 lanco_dir=$6 lanco_command=$7
shift 7
# The nursery has closed and opened what there is, and said what each line begins with.
case $lanco_mode in bg | fg) lanco_tag='' && exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- ;; esac
case $lanco_mode in
bg) exec 3<&0 4>&1 </dev/null >/dev/null 2>&1 ;;
fg)
  # Nothing is emptied or made, should there be anything but the FIFOs.
  { [ -p "$lanco_run/said" ] && [ ! -h "$lanco_run/said" ] && [ -p "$lanco_run/go" ]; } || exit 1
  exec 3<"$lanco_run/go" 4>>"$lanco_run/said"
  ;;
*) { [ -p "$lanco_mode" ] && [ ! -h "$lanco_mode" ]; } || exit 1 ;;
esac
# Caught and not ignored, for the child would inherit that. XFSZ: a journal that is longer
# than the caller's limit on the size of files.
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

# Writes down the time since boot, in seconds. A sandbox may leave nothing but processes in
# /proc: then that of a fork's own start, which is in hundredths.
tell_uptime() {
  # shellcheck disable=SC2034 # the second is for nobody
  if read -r lanco_up lanco_idle </proc/uptime; then
    echo "$lanco_up" >&7
    return
  fi
  (
    read -r lanco_stat </proc/self/stat || exit
    # shellcheck disable=SC2086 # a list of numbers
    set -- ${lanco_stat##*) }
    echo "${20%??}.${20#"${20%??}"}" >&7
  )
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

# Not emptied: what is in them keeps the room for the status and its time. Nothing is
# written before "run" has looked whether they are what it has made.
exec 9<>"$lanco_run/ended" 7<>"$lanco_run/uptime"
case $lanco_mode in
bg) (exec /usr/bin/setsid /bin/sh -c "$lanco_child" lanco "" "$@" 7>&- 9>&-) ;;
fg)
  # A shell tells of a signal that its child died of: the caller will see the status.
  exec 8>&2 2>/dev/null
  (exec /bin/sh -c "$lanco_child" lanco "" "$@" 2>&8 7>&- 8>&- 9>&-)
  ;;
*)
  # Open for both first, for to open it for one waits for the other side, which may be dead.
  # shellcheck disable=SC2094
  (exec /usr/bin/setsid /bin/sh -c "$lanco_child" lanco "$lanco_tag" "$@" 7>&- 9>&- \
    5<>"$lanco_mode" 3<"$lanco_mode" 5>&-)
  ;;
esac
lanco_status=$?
# It was not run: see the child.
if [ -d "$lanco_run.void" ]; then
  /bin/rmdir "$lanco_run.void"
  { echo "${lanco_tag}void" >&4; } 2>/dev/null
  exit 1
fi
# When that was, by the clock that nobody sets; before the status, for those who wait for that.
tell_uptime 2>/dev/null
# One line by one write: a reader sees all of it or nothing. Its date is the file's.
echo "$lanco_status" >&9
# It begins with the end of a line: what that limit cut off before it is a line by itself.
lanco_journal=${lanco_run%/*}/.journal
[ ! -f "$lanco_journal" ] || [ -h "$lanco_journal" ] || {
  printf '\n%s\n' "{\"what\":\"exit\",\"run\":$lanco_number,\"task\":\"$LANCO_TASK\",\"status\":$lanco_status}" \
    >>"$lanco_journal"
} 2>/dev/null
{ echo "${lanco_tag}ended $lanco_status" >&4; } 2>/dev/null
exit "$lanco_status"
