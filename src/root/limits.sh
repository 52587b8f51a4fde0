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
  memory_fits "$file" "$value" && { echo "$value" >"$file"; } 2>/dev/null || return
  read -r new <"$file"
  limit_report
}

# in_use FILE: sets used to how much is in use of what FILE limits.
in_use() {
  used=0
  case $1 in
  *.max) uses=${1%max}current ;;
  *) uses=${1%limit_in_bytes}usage_in_bytes ;;
  esac
  [ ! -e "$uses" ] || [ "$uses" = "$1" ] || read -r used <"$uses"
}

# memory_fits FILE VALUE: where FILE is the limit of memory of version 2, has the kernel reclaim
# what is in use above VALUE; fails if it cannot, for it would kill processes to enforce such a
# limit (memory.max, memory.reclaim in admin-guide/cgroup-v2.rst). Version 1 refuses it by itself.
memory_fits() {
  case ${1##*/}$2 in
  memory.max*[!0-9]*) return 0 ;;
  memory.max*) ;;
  *) return 0 ;;
  esac
  in_use "$1"
  [ "$used" -gt "$2" ] || return 0
  if [ -e "${1%max}reclaim" ]; then
    # It says that it has failed if it reclaims less.
    { echo "$((used - $2))" >"${1%max}reclaim"; } 2>/dev/null || :
    in_use "$1"
  else
    while read -r name bytes; do
      case $name in inactive_file | active_file | slab_reclaimable) used=$((used - bytes)) ;; esac
    done <"${1%max}stat"
  fi
  [ "$used" -le "$2" ]
}

# refused_memory VALUE: says why the limit of memory cannot be this, after in_use. In version 1 it
# can also be that of memory and swap together that is in the way.
refused_memory() {
  [ "$used" -gt "$1" ] || fail 1 "cannot set --memory to $1: give --swap beside it"
  fail 1 "cannot set --memory to $1: its tasks use $used: give more, or stop some of them: see \"lanco $ns ls -l\""
}

# Prints "changed OPTION OLD NEW" if the namespace was there before and the limit in $file has
# changed. It warns if more than the new limit is already in use.
limit_report() {
  in_use "$file"
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
    in_use "$file"
    [ "$option" != --memory ] || refused_memory "$value"
    fail 1 "cannot set $option to $value"
  done
}
