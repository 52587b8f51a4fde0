# What becomes the command. It waits until "run" has put it into its cgroups; if
# "run" dies before that, the end of descriptor 3 says so, and nothing is run.
# The command inherits what the caller exported: hence the names of the variables.
#   $1 log, or ""    $2 logs to keep    $3 variables that the shells have added
#   $4 SHLVL as the caller has it       $5 the exit command of this task
#   $6... the command
lanco_log=$1 lanco_keep=$2 lanco_unset=$3 lanco_level=$4 lanco_exit_command=$5
shift 5
lanco_fresh=

refuse() {
  printf 'error 1 %s\n' "$*" >&4
  exit 1
}

rotate() {
  lanco_last=1
  while [ "$lanco_last" -lt "$lanco_keep" ] && [ -e "$lanco_log.$lanco_last" ]; do
    lanco_last=$((lanco_last + 1))
  done
  while [ "$lanco_last" -gt 1 ]; do
    /bin/mv -f -- "$lanco_log.$((lanco_last - 1))" "$lanco_log.$lanco_last" || return
    lanco_last=$((lanco_last - 1))
  done
  case $lanco_keep in
  0) /bin/rm -f -- "$lanco_log" ;;
  *) /bin/mv -f -- "$lanco_log" "$lanco_log.1" ;;
  esac || return
  # Logs of a time when more were kept.
  lanco_last=$((lanco_keep + 1))
  while [ -e "$lanco_log.$lanco_last" ]; do
    /bin/rm -f -- "$lanco_log.$lanco_last" || return
    lanco_last=$((lanco_last + 1))
  done
}

open_log() {
  if [ -f "$lanco_log" ] && [ -w "${lanco_log%/*}/" ]; then
    lanco_error=$(rotate 2>&1) || refuse "cannot rotate the log \"$lanco_log\": ${lanco_error##*: }"
  fi
  [ -e "$lanco_log" ] || lanco_fresh=1
  # The owner writes, the group reads; and what the caller's umask is, it stays.
  lanco_error=$( (umask 027 && : >>"$lanco_log") 2>&1) ||
    refuse "cannot write to the log \"$lanco_log\": ${lanco_error##*: }: give another with -l"
  exec >>"$lanco_log" 2>&1
}

# Takes back a log that nobody but this shell has written to, and a command for
# the end of what has not begun.
not_run() {
  lanco_status=$?
  set -- "$lanco_exit_command"
  [ -z "$lanco_fresh" ] || set -- "$@" "$lanco_log"
  /bin/rm -f -- "$@"
  { echo "failed $lanco_status" >&4; } 2>/dev/null
}

echo "ready $$" >&4
read -r _ <&3 || exit 1
[ -z "$lanco_log" ] || open_log
# The shell ends when exec fails, but for bash, which must be told to go on.
trap not_run EXIT
# shellcheck disable=SC3044
[ -z "${BASH_VERSION-}" ] || shopt -s execfail
echo opened >&4
read -r _ <&3 || exit 1
# shellcheck disable=SC2086 # a list of names
[ -z "$lanco_unset" ] || unset $lanco_unset
[ -z "$lanco_level" ] || SHLVL=$lanco_level
{ exec "$@"; } 3<&- 4>&-
