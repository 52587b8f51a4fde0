# Starts a program with the rights of a namespace's owner, as root: what root asks for
# there is done by the owner, with his rights and no more.
#   $1 descriptors that could not be closed    $2 the owner's number
#   $3 what for: "look", "launch" or "kill"    $4... the program and its arguments
[ -z "$1" ] || {
  echo "cannot close the descriptors $1, which are root's: install bash" >&2
  exit 1
}
exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
uid=$2 purpose=$3
shift 3
IFS=: read -r USER _ _ gid _ HOME SHELL <<EOF
$(getent passwd "$uid")
EOF
groups=--init-groups
# He has no groups then, and -g of init, which is for reading, is none of his.
[ -n "$USER" ] || USER=$uid gid=65534 HOME=/ SHELL=/bin/sh groups=--clear-groups
LOGNAME=$USER LANCO_FOR_ROOT=1
export USER LOGNAME HOME SHELL LANCO_FOR_ROOT
# What has a capability that its user has not, even one as harmless as this, he cannot
# trace: nor look at the memory, or take a descriptor, perhaps root's terminal, away.
# What is launched loses it (launch.ts). CAP_KILL is for hosts that cannot kill a cgroup.
case $purpose in
look) set -- --no-new-privs --bounding-set=-all,+wake_alarm --inh-caps=-all,+wake_alarm --ambient-caps=-all,+wake_alarm "$@" ;;
launch) set -- --inh-caps=-all,+wake_alarm --ambient-caps=-all,+wake_alarm "$@" ;;
kill) set -- --no-new-privs --bounding-set=-all,+kill --inh-caps=-all,+kill --ambient-caps=-all,+kill "$@" ;;
esac
exec setpriv --reuid="$uid" --regid="$gid" "$groups" "$@"
