# The child of the shim, the task's first process: it waits until "run" has moved it into the
# task's cgroups, and then executes the command. If "run" dies before that, the child reads the
# end of file from descriptor 3 and ends without executing the command.
# The command inherits every variable that the caller exported, even "_": therefore the
# variables of this script begin with "lanco_".
#   $1 the text of this script           $2 prefix of each line to "run"
#   $3 the directory of this run         $4 its mark on disk
#   $5 log, or ""                        $6 file for the standard error, or "" if it has none of its own
#   $7 file for the standard input, or ""
#   $8 variables that the shells added   $9 SHLVL of the caller
#   $10 new oom_score_adj, or "" to leave it
#   $11... the command
# The variable lanco_restore has the text that restores variables which shells drop: see
# environment.ts.
lanco_tag=$2 lanco_run=$3 lanco_mark=$4 lanco_log=$5 lanco_errors=$6 lanco_input=$7 lanco_unset=$8
lanco_level=$9
shift 9
lanco_oom_score=$1
shift
lanco_fresh='' lanco_fresh_errors='' lanco_env='' lanco_lost='' lanco_odd=''

refuse() {
  printf '%serror 1 %s\n' "$lanco_tag" "$*" >&4
  exit 1
}

refuse_file() {
  # Without a message, a second attempt has succeeded: the file is another one by now.
  printf '%serror 1 %s\n' "$lanco_tag" "cannot write to the $lanco_what \"$lanco_file\": ${1:-another file was put in its place}: give another with $lanco_option" >&4
  take_back
}

# Opens the file by a descriptor of it, so that no file is made through a link that another process
# has put in its place meanwhile: with >> the shell would make one. Fails for a file that is not a
# regular one, or may not be read, and where a sandbox hides /proc.
reopen_file() {
  [ -f "$lanco_file" ] && [ -r "$lanco_file" ] && [ -e /proc/self/fd/3 ] || return
  command exec 7<"$lanco_file" || refuse_file
  command exec 8>>/proc/self/fd/7 7<&-
}

# open_file FILE WHAT OPTION: opens a file to append to it, as descriptor 8, and sets lanco_made if
# it has made it. Before anything is written, "run" checks that its name still leads to the file that
# was opened. WHAT is the word for the file, and OPTION gives another.
open_file() {
  lanco_file=$1 lanco_what=$2 lanco_option=$3 lanco_made=''
  [ ! -h "$lanco_file" ] || refuse_file "it is a symbolic link"
  lanco_error=''
  if [ ! -e "$lanco_file" ]; then
    # The owner may write and the group read. The umask is changed in a subshell, for the command
    # keeps the caller's. "set -C" is O_EXCL: no file is made through a link put there meanwhile.
    lanco_error=$( (umask 027 && set -C && : >"$lanco_file") 2>&1) && lanco_made=1
    lanco_status=$?
    # The task was stopped: the signal has killed the subshell first.
    [ "$lanco_status" -le 128 ] || exit "$lanco_status"
  fi
  # The subshell also fails when another task has made the file meanwhile, which is no error.
  [ -e "$lanco_file" ] || refuse_file "${lanco_error##*: }"
  { reopen_file || command exec 8>>"$lanco_file"; } 2>/dev/null || {
    lanco_error=$( (: >>"$lanco_file") 2>&1)
    refuse_file "${lanco_error##*: }"
  }
  exec 7<&-
}

# Removes the record of a run whose command was not executed, and the files that this shell has made.
take_back() {
  trap - EXIT
  exec /bin/rm -rf -- "$lanco_run" "$lanco_mark" ${lanco_fresh:+"$lanco_log"} ${lanco_fresh_errors:+"$lanco_errors"}
}

not_run() {
  lanco_status=$?
  echo failed >&9
  { echo "${lanco_tag}failed $lanco_status" >&4; } 2>/dev/null
  # "run" closes descriptor 3 after it has lifted the limit on processes, which may be 1.
  # shellcheck disable=SC2034 # "_" is the caller's
  { read -r lanco_word <&3 || :; } 2>/dev/null
  take_back
}

# Only a process with CAP_SYS_RESOURCE may set a value below the caller's: root in a container
# may lack it.
[ -z "$lanco_oom_score" ] || { echo "$lanco_oom_score" >/proc/self/oom_score_adj; } 2>/dev/null ||
  refuse "cannot set oom_score_adj to $lanco_oom_score: to lower it takes the capability CAP_SYS_RESOURCE, and /proc: leave --oom-score-adj out"
if [ -n "${lanco_restore-}" ]; then
  eval "$lanco_restore"
  unset lanco_restore
  if /usr/bin/env -S true 2>/dev/null; then
    # env(1) would take a command with an equals sign in its path for a variable.
    case ${1%%=*} in "$1") ;; *) set -- /usr/bin/nice -n 0 "$@" ;; esac
    set -- /usr/bin/env -S "$lanco_env" "$@"
  else
    # shellcheck disable=SC2086 # a list of names
    unset $lanco_odd
    echo "${lanco_tag}lost $lanco_lost" >&4
  fi
fi
echo "${lanco_tag}ready $$" >&4
read -r lanco_word <&3 || take_back
if [ -n "$lanco_input" ]; then
  # With "command", a failed redirection of "exec" does not end the shell.
  { command exec <"$lanco_input"; } 2>/dev/null || {
    lanco_error=$( (: <"$lanco_input") 2>&1)
    lanco_error=${lanco_error##*: }
    refuse "cannot read the standard input from \"$lanco_input\": ${lanco_error:-another file was put in its place}"
  }
fi
# Until the command is executed descriptor 8 is the log: while this shell writes to "run", its
# descriptor 1 is another.
if [ -n "$lanco_errors" ]; then
  open_file "$lanco_errors" "file for the standard error" --stderr
  lanco_fresh_errors=$lanco_made
  exec 2>&8 8>&-
fi
if [ -n "$lanco_log" ]; then
  open_file "$lanco_log" log -l
  lanco_fresh=$lanco_made
  exec >&8
  [ -n "$lanco_errors" ] || exec 2>&8
fi
# When exec fails, dash and busybox end and run the trap; bash does so only with execfail.
trap not_run EXIT
# shellcheck disable=SC3044
[ -z "${BASH_VERSION-}" ] || shopt -s execfail
echo "${lanco_tag}opened" >&4
# shellcheck disable=SC2034 # "_" is the caller's
read -r lanco_word lanco_file <&3 || take_back
# shellcheck disable=SC2086 # a list of names
[ -z "$lanco_unset" ] || unset $lanco_unset
# bash decrements SHLVL when it executes a command, hence the increment here. Where the caller
# has no SHLVL, it is made an array, for bash exports no arrays.
# shellcheck disable=SC2178,SC3044
case $lanco_level:${BASH_VERSION-} in
:?*) declare -a SHLVL ;;
:) ;;
*:?*) SHLVL=$((lanco_level + 1)) ;;
*) SHLVL=$lanco_level ;;
esac
# The shim shares the offset of descriptor 9, and appends the exit status to this line. By what
# "run" has said of the log, and of the file for the standard error, each is found again when it has
# been renamed.
echo "executed${lanco_file:+ $lanco_file}" >&9
{ exec "$@"; } 3<&- 4>&- 8>&- 9>&-
