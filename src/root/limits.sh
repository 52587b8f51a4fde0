# shellcheck disable=SC2154 # what up.sh has set
# The limits of a whole namespace: after common.sh, for up.sh, whose arguments they are.

# limit OPTION:...: sets it for the whole namespace. Fails if the kernel refuses it.
limit() {
  option=${1%%:*} value=
  IFS='|'
  for setting in ${1#*:}; do
    unset IFS
    value=${setting#*=}
    while read -r _ _ point; do
      file=$point/lanco-$ns/${setting%%=*}
      [ -e "$file" ] || continue
      set_limit
      return
    done <<EOF
$found
EOF
  done
  # What cannot be limited is not.
  case $value in max* | -1) return ;; esac
  [ "$best_effort" = yes ] || fail 1 "$option cannot be enforced: this host has no controller for it: leave it out, or give --best-effort"
  echo "$option cannot be enforced: this host has no controller for it"
}

# Sets $file to $value, and says what changes of one that had been there, as
# "changed OPTION OLD NEW", and what is used already if that is more.
set_limit() {
  used=0
  case $file in
  *.max) uses=${file%max}current ;;
  *) uses=${file%limit_in_bytes}usage_in_bytes ;;
  esac
  [ ! -e "$uses" ] || [ "$uses" = "$file" ] || read -r used <"$uses"
  read -r old <"$file"
  { echo "$value" >"$file"; } 2>/dev/null || return
  read -r new <"$file"
  [ "$again" = no ] || [ "$old" = "$new" ] || echo "changed $option ${old%% 100000} ${new%% 100000}"
  case $new in *[!0-9]*) return ;; esac
  [ "$used" -le "$new" ] || echo "$option is $new now, and its tasks use $used already: see \"lanco $ns ls -l\""
}

# In v1 memory may not be more than memory and swap together: in whichever order these
# have to be set, one of two attempts has it.
#
#   limits AGAIN BEST_EFFORT LIMIT...
limits() {
  again=$1 best_effort=$2 refused=
  shift 2
  for limit; do limit "$limit" || refused=yes; done
  [ -n "$refused" ] || return 0
  for limit; do
    limit "$limit" && continue
    [ "$option" != --memory ] || value="$value: its tasks use $used, or --swap has to be given beside it"
    fail 1 "cannot set $option to $value"
  done
}
