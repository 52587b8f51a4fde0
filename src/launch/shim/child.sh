# What becomes the command. It waits until "run" has put it into its cgroups; if
# "run" dies before that, the end of descriptor 3 says so, and nothing is run.
# The command inherits what the caller exported, "_" too: hence the names of the variables.
#   $1 what each line for "run" begins with
#   $2 the directory of this run         $3 its mark on disk
#   $4 log, or ""                        $5 file for the standard input, or ""
#   $6 variables that the shells added   $7 SHLVL as the caller has it
#   $8 what to set oom_score_adj to, or "" to leave it
#   $9... the command
# What restores what shells drop of the environment is in it: see environment.ts.
lanco_tag=$1 lanco_run=$2 lanco_mark=$3 lanco_log=$4 lanco_input=$5 lanco_unset=$6 lanco_level=$7
lanco_oom_score=$8
shift 8
lanco_fresh='' lanco_env='' lanco_lost='' lanco_odd=''

refuse() {
  printf '%serror 1 %s\n' "$lanco_tag" "$*" >&4
  exit 1
}

refuse_log() {
  refuse "cannot write to the log \"$lanco_log\": $1: give another with -l"
}

# What has been opened, "run" compares with the name before anything is written.
open_log() {
  [ ! -h "$lanco_log" ] || refuse_log "it is a symbolic link"
  lanco_error=''
  if [ ! -e "$lanco_log" ]; then
    # The owner writes, the group reads; and what the caller's umask is, it stays. It is
    # not made where a link leads that is laid meanwhile (O_EXCL).
    lanco_error=$( (umask 027 && set -C && : >"$lanco_log") 2>&1) && lanco_fresh=1
    lanco_status=$?
    # The task was stopped, and the fork was hit first.
    [ "$lanco_status" -le 128 ] || exit "$lanco_status"
  fi
  # Another task may have made it meanwhile.
  [ -e "$lanco_log" ] || refuse_log "${lanco_error##*: }"
  { command exec >>"$lanco_log"; } 2>/dev/null || {
    lanco_error=$( (: >>"$lanco_log") 2>&1)
    refuse_log "${lanco_error##*: }"
  }
  exec 2>&1
}

# Takes back what is on record of what has not been run, and a log that nobody but this
# shell has written to.
take_back() {
  trap - EXIT
  exec /bin/rm -rf -- "$lanco_run" "$lanco_mark" ${lanco_fresh:+"$lanco_log"}
}

not_run() {
  lanco_status=$?
  echo failed >&9
  { echo "${lanco_tag}failed $lanco_status" >&4; } 2>/dev/null
  # "run" hangs up when it has lifted the limit on processes, which may be 1.
  # shellcheck disable=SC2034 # "_" is the caller's
  { read -r lanco_word <&3 || :; } 2>/dev/null
  take_back
}

# Below its caller's only root may set it, and in no container that lacks CAP_SYS_RESOURCE.
[ -z "$lanco_oom_score" ] || { echo "$lanco_oom_score" >/proc/self/oom_score_adj; } 2>/dev/null ||
  refuse "cannot set oom_score_adj to $lanco_oom_score: to lower it takes the capability CAP_SYS_RESOURCE, and /proc: leave --oom-score-adj out"
if [ -n "${lanco_restore-}" ]; then
  eval "$lanco_restore"
  unset lanco_restore
  if /usr/bin/env -S true 2>/dev/null; then
    # It would take a command with an equals sign for a variable.
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
  # By "command" the shell goes on when it cannot be opened.
  { command exec <"$lanco_input"; } 2>/dev/null || {
    lanco_error=$( (: <"$lanco_input") 2>&1)
    refuse "cannot read the standard input from \"$lanco_input\": ${lanco_error##*: }"
  }
fi
[ -z "$lanco_log" ] || open_log
# The shell ends when exec fails, but for bash, which must be told to go on.
trap not_run EXIT
# shellcheck disable=SC3044
[ -z "${BASH_VERSION-}" ] || shopt -s execfail
echo "${lanco_tag}opened" >&4
# shellcheck disable=SC2034 # "_" is the caller's
read -r lanco_word <&3 || take_back
# shellcheck disable=SC2086 # a list of names
[ -z "$lanco_unset" ] || unset $lanco_unset
# bash counts SHLVL down when it executes something; an array is in no environment.
# shellcheck disable=SC2178,SC3044
case $lanco_level:${BASH_VERSION-} in
:?*) declare -a SHLVL ;;
:) ;;
*:?*) SHLVL=$((lanco_level + 1)) ;;
*) SHLVL=$lanco_level ;;
esac
# The shim writes behind it.
echo executed >&9
{ exec "$@"; } 3<&- 4>&- 9>&-
