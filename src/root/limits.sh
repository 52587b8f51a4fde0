# shellcheck disable=SC2154 # variables that up.sh sets
# Sets the limits of a whole namespace. It follows common.sh, and is called by up.sh, where
# the form of the arguments is described.

# limit OPTION:FILE=VALUE|...: sets a limit of the whole namespace, and sets option and value.
# Fails if the kernel refuses it.
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
  # Without a controller there is no limit, as "max" asks for.
  case $value in max* | -1) return ;; esac
  [ "$best_effort" = yes ] || fail 1 "$option cannot be enforced: this host has no controller for it: leave it out, or give --best-effort"
  echo "$option cannot be enforced: this host has no controller for it"
}

# Writes $value to $file, and reports what has changed.
set_limit() {
  read -r old <"$file"
  { echo "$value" >"$file"; } 2>/dev/null || return
  read -r new <"$file"
  limit_report
}

# Prints "changed OPTION OLD NEW" if the namespace was there before and the limit in $file has
# changed. It warns if more than the new limit is already in use.
limit_report() {
  used=0
  case $file in
  *.max) uses=${file%max}current ;;
  *) uses=${file%limit_in_bytes}usage_in_bytes ;;
  esac
  [ ! -e "$uses" ] || [ "$uses" = "$file" ] || read -r used <"$uses"
  [ "$again" = no ] || [ "$old" = "$new" ] || echo "changed $option ${old%% 100000} ${new%% 100000}"
  case $new in *[!0-9]*) return ;; esac
  [ "$used" -le "$new" ] || echo "$option is $new now, and its tasks use $used already: see \"lanco $ns ls -l\""
}

# limits AGAIN BEST_EFFORT LIMIT...: sets all limits. AGAIN is yes if the namespace was there
# before. In v1 the limit of memory may never exceed that of memory and swap together, so that
# the right order depends on the values; after a failure all are therefore set once more.
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
