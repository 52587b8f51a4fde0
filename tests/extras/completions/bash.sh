# Prints the words that bash offers at the end of a line.
#   $1 the script   $2 the package bash-completion, or ""   $3... the words of the line
# shellcheck source=/dev/null
[ -z "$2" ] || . "$2"
# shellcheck source=/dev/null
. "$1"
shift 2
# Outside of a terminal bash's own compopt would fail: this one shows how it was called.
compopt() { COMPREPLY+=("<$*>"); }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
COMP_LINE=${COMP_LINE// = /=}
_lanco
printf '%s\n' "${COMPREPLY[@]}"
