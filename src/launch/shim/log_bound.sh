# Keeps a file of a task's output from growing beyond a size. The task writes into the file itself;
# this shell only drops the head, by fallocate(1), which copies nothing: the blocks are taken out of
# the file, where its file system can do that (ext4, xfs), or become a hole. It is no member of the
# task, and needs neither the shim nor lanĉo.
#   $1 this text                                 $2 descriptors that could not be closed
#   $3 the most bytes of output that are kept    $4 by how many more the file may grow before a cut
# What was dropped is told to readers by a file in the record of the run, a line of the same length
# always: the id of the run; how many bytes were taken out; how long the hole is; and how many bytes
# are just being taken out. A reader that finds another line after it has read the log reads again.
exec 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
lanco_most=$3 lanco_step=$4 lanco_removed=0 lanco_hole=0 lanco_cut=0 lanco_told='' lanco_size=0
# Cuts are multiples of this, for a block that is taken out must be one of the file system's.
lanco_unit=65536

# start_of PID: sets lanco_start to the start time of a process, by which it differs from a later one
# with the same number.
start_of() {
  lanco_start=''
  { read -r lanco_stat <"/proc/$1/stat"; } 2>/dev/null || return
  # shellcheck disable=SC2086 # a list of numbers
  set -- ${lanco_stat##*) }
  lanco_start=${20-}
}

# await COMMAND...: runs a command, and ends it when this shell is told to end. Its end is waited for,
# for until then it keeps the cgroup from being removed.
await() {
  lanco_told=''
  "$@" &
  wait $!
  [ -z "$lanco_told" ] || { kill $! && wait $!; }
} 2>/dev/null

tell() {
  lanco_cut=$1
  printf '%s %016d %016d %016d\n' "$lanco_id" "$lanco_removed" "$lanco_hole" "$lanco_cut" 1<>/proc/self/fd/7
}

# shorten LENGTH: takes so many bytes, and the hole, out of the file.
shorten() {
  tell $((lanco_hole + $1))
  lanco_error=$(fallocate -c -o 0 -l "$lanco_cut" /proc/self/fd/8 2>&1) && {
    lanco_removed=$((lanco_removed + lanco_cut)) lanco_hole=0
    tell 0
    return
  }
  tell 0
  return 1
}

# hollow LENGTH: makes so many bytes behind the hole a part of it. Readers know of it before.
hollow() {
  lanco_from=$lanco_hole
  lanco_hole=$((lanco_hole + $1))
  tell 0
  fallocate -p -o "$lanco_from" -l "$1" /proc/self/fd/8
}

# drop LENGTH: drops so many bytes. If the disk is full, taking them out may need a block, which a
# hole gives. A file that was truncated meanwhile is shorter than what was to be dropped.
drop() {
  if [ "$lanco_way" = collapse ]; then
    shorten "$1" && return
    case $lanco_error in *'Invalid argument'*) return ;; esac
    hollow "$1"
    shorten 0
  else
    hollow "$1"
  fi
} 2>/dev/null

# Drops what is too much.
check() {
  lanco_size=$(stat -Lc %s /proc/self/fd/8) || return
  [ "$lanco_size" -ge "$lanco_hole" ] || lanco_hole=0
  lanco_over=$((lanco_size - lanco_hole - lanco_most))
  [ "$lanco_over" -ge "$lanco_step" ] || return 0
  drop $((lanco_over - lanco_over % lanco_unit))
  lanco_size=$(stat -Lc %s /proc/self/fd/8)
} 2>/dev/null

# Whether there is any process of the run but the shim: the working directory is its registered
# cgroup. In version 1 cgroups below it are not counted.
is_running() {
  [ -e cgroup.procs ] || return
  if [ -e cgroup.events ]; then
    while read -r lanco_key lanco_value; do
      [ "$lanco_key $lanco_value" != "populated 1" ] || return 0
    done <cgroup.events
    return 1
  fi
  while read -r lanco_member; do [ "$lanco_member" = "$lanco_shim" ] || return 0; done <cgroup.procs
  for lanco_member in */; do [ ! -d "$lanco_member" ] || return 0; done
  return 1
} 2>/dev/null

# Waits until the file grows, or the shim ends: tail(1) looks once a second, and fails when it has
# something to write. Without a shim it looks as long as some process of the run is there.
await_growth() {
  start_of "$lanco_shim"
  set -- tail -q -c 0 -f --pid="$lanco_shim" /proc/self/fd/8
  if [ -z "$lanco_start" ] || [ "$lanco_start" != "$lanco_shim_start" ]; then
    lanco_member=''
    read -r lanco_member <cgroup.procs
    case $lanco_member in '' | 0) return ;; esac
    set -- timeout 60 tail -q -c 0 -f --pid="$lanco_member" /proc/self/fd/8
  fi
  await "$@" >/dev/full
} 2>/dev/null

# Finds out how the head of the file can be dropped, by a try far behind its end, which changes
# nothing.
find_way() {
  lanco_error=$(fallocate -c -o 1099511627776 -l $lanco_unit /proc/self/fd/8 2>&1)
  lanco_way=collapse
  case $lanco_error in *'Invalid argument'*) return ;; esac
  lanco_way=punch
  lanco_error=$(fallocate -p -o 1099511627776 -l $lanco_unit /proc/self/fd/8 2>&1)
}

start_of self
echo "ready $lanco_start"
# "run" sends "open" with the paths of the file and of the line for readers, and then "watch" with the
# registered cgroup of the run, its shim, and the cgroup that this shell has to leave and to remove at
# the end, or "-". If the input ends before, no task was started.
while read -r lanco_word lanco_path lanco_rest; do
  [ "$lanco_word" = open ] || break
  lanco_id='' lanco_word=''
  { command exec 8<"$lanco_path" 7<"$lanco_rest" && read -r lanco_id lanco_word <&7; } 2>/dev/null
  # A file that another process has put in its place does not begin with the id of the run.
  case $lanco_rest:$lanco_word in
  */"${lanco_id:-/}"-*/*:"0000000000000000 0000000000000000 0000000000000000")
    if find_way; then echo "opened $lanco_way"; else echo "error ${lanco_error##*: }"; fi
    ;;
  *) echo "error another file was put in its place" ;;
  esac
done
{ [ "$lanco_word" = watch ] && CDPATH='' cd -- "$lanco_path"; } 2>/dev/null || exit 0
lanco_shim=${lanco_rest% *} lanco_own=${lanco_rest#* }
start_of "$lanco_shim"
lanco_shim_start=$lanco_start
trap 'lanco_told=yes' HUP INT QUIT TERM
# Only then the command is executed: at its end the shim sends a signal.
echo watching
exec </dev/null >/dev/null 2>&1
lanco_last='' lanco_idle=''
while is_running; do
  check
  if [ "$lanco_size" = "$lanco_last" ] && [ -z "$lanco_idle" ]; then
    lanco_idle=yes
    await_growth
  else
    lanco_idle='' lanco_last=$lanco_size
    await sleep 1
  fi
done
check
[ "$lanco_own" = - ] || { cd "$lanco_own" && echo 0 >../shims/cgroup.procs && exec rmdir "$lanco_own"; }
