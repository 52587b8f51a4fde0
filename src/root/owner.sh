# Run by root to start a program with the rights of a namespace's owner, and no more: commands
# of root's in another user's namespace are executed this way.
#   $1     this text
#   $2     the descriptors that could not be closed, or nothing
#   $3 $4  the user id and the group id
#   $5     the option of setpriv(1) for the supplementary groups
#   $6...  the program and its arguments
[ -z "$2" ] || {
  echo "cannot close the descriptors $2, which are root's: install bash" >&2
  exit 1
}
exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
uid=$3 gid=$4 groups=$5
shift 5
# Replaces the limits and priorities of root's shell by those of process 1, as far as root may
# set them: in a container root may not raise each.
{
  read -r adjustment </proc/1/oom_score_adj && echo "$adjustment" >"/proc/$$/oom_score_adj"
  read -r stat </proc/1/stat && nice=$(
    # shellcheck disable=SC2086 # the fields after the process's name, which may contain spaces
    set -- ${stat##*) }
    echo "${17}"
  ) && chrt --other --pid 0 $$ && renice "$nice" $$
  limits=$(prlimit --pid 1 --raw --noheadings --output RESOURCE,SOFT,HARD | tr '[:upper:]' '[:lower:]' |
    while read -r name soft hard; do echo "--$name=$soft:$hard"; done)
  # shellcheck disable=SC2086 # a list of options
  prlimit --pid $$ $limits || for limit in $limits; do
    # The second attempt sets the soft limit alone, where root may not raise the hard one.
    prlimit --pid $$ "$limit" || prlimit --pid $$ "${limit%:*}:"
  done
} >/dev/null 2>&1
HOME=/ LANCO_FOR_ROOT=$PPID
export HOME LANCO_FOR_ROOT
# The kernel kills the process when root's command has ended, even by SIGKILL: prctl(2),
# PR_SET_PDEATHSIG. The setpriv(1) of util-linux 2.32 lacks the option.
case $(setpriv --help 2>&1) in *--pdeathsig*) set -- --pdeathsig KILL "$@" ;; esac
# The process gets a session of its own, without root's controlling terminal, and a harmless
# capability (CAP_WAKE_ALARM) that the owner's other processes lack: ptrace(2) therefore keeps
# the owner from tracing it, reading its memory and taking its descriptors, such as root's
# terminal.
exec setsid --wait setpriv --reuid="+$uid" --regid="+$gid" "$groups" --no-new-privs \
  --bounding-set=-all,+wake_alarm --inh-caps=-all,+wake_alarm --ambient-caps=-all,+wake_alarm "$@"
