# Starts a program with the rights of a namespace's owner, as root: what root asks for
# there is done by the owner, with his rights and no more.
#   $1 descriptors that could not be closed    $2 the owner's number, and for setpriv(1)
#   $3 that of his group, $4 what his other groups are    $5... the program and its arguments
[ -z "$1" ] || {
  echo "cannot close the descriptors $1, which are root's: install bash" >&2
  exit 1
}
exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
uid=$2 gid=$3 groups=$4
shift 4
# What the caller's shell has set for itself is no concern of the owner's: limits and
# priorities are those of the first process, as far as root may have them.
{
  read -r adjustment </proc/1/oom_score_adj && echo "$adjustment" >"/proc/$$/oom_score_adj"
  read -r stat </proc/1/stat && nice=$(
    # shellcheck disable=SC2086 # the words behind its name, which may have any
    set -- ${stat##*) }
    echo "${17}"
  ) && chrt --other --pid 0 $$ && renice "$nice" $$
  limits=$(prlimit --pid 1 --raw --noheadings --output RESOURCE,SOFT,HARD | tr '[:upper:]' '[:lower:]' |
    while read -r name soft hard; do echo "--$name=$soft:$hard"; done)
  # shellcheck disable=SC2086 # words
  prlimit --pid $$ $limits || for limit in $limits; do
    # Where root may not raise what is hard.
    prlimit --pid $$ "$limit" || prlimit --pid $$ "${limit%:*}:"
  done
} >/dev/null 2>&1
HOME=/ LANCO_FOR_ROOT=1
export HOME LANCO_FOR_ROOT
# A session of its own has no controlling terminal. What has a capability that its user has
# not, even one as harmless as this, he cannot trace: nor look at the memory, or take a
# descriptor, perhaps root's terminal, away.
exec setsid --wait setpriv --reuid="+$uid" --regid="+$gid" "$groups" --no-new-privs \
  --bounding-set=-all,+wake_alarm --inh-caps=-all,+wake_alarm --ambient-caps=-all,+wake_alarm "$@"
