# Reads the log $1, which the user may read but the calling program may not. First writes
# "opened", the inode and the owner's uid of the log to standard error, or ends with 1. Then
# serves one request for each line of standard input, and answers it on standard error with
# "ready" and the number of bytes that it has written to standard output.
#   last N    writes the last N lines; answers "late N" if they are not found in ten seconds
#   skip      moves to the end of the log, and writes nothing
#   more      writes the log from the present offset to its end
#   rewind    moves to the beginning of the log
#   at N M    writes up to M bytes from the offset N
#   size      answers "size" and the size of the log, in bytes
PATH=/usr/bin:/bin
export PATH
exec 4>&2
{ exec 3<"$1"; } 2>/dev/null || exit 1
stat -Lc 'opened %i %u' /proc/self/fd/3 >&2
get_offset() {
  while read -r key offset; do
    case $key in pos:) break ;; esac
  done </proc/self/fdinfo/3
}
while read -r request lines count; do
  get_offset
  start=$offset
  case $request in
  last)
    # shellcheck disable=SC2016 # the inner shell expands it
    start=$(timeout 10 sh -c 'tail -n "$0" | wc -c' "$lines" <&3) || {
      echo "late $lines" >&4
      continue
    }
    get_offset
    start=$((offset - start))
    exec 3</proc/self/fd/3
    tail -c "+$((start + 1))" <&3
    ;;
  # To read the last byte moves behind it.
  skip) tail -c 1 <&3 >/dev/null ;;
  more) cat <&3 ;;
  rewind) exec 3</proc/self/fd/3 ;;
  at)
    exec 3</proc/self/fd/3
    dd bs=65536 iflag=skip_bytes,count_bytes,fullblock skip="$lines" count="$count" <&3
    start=$lines
    ;;
  size)
    stat -Lc 'size %s' /proc/self/fd/3 >&4
    continue
    ;;
  esac 2>/dev/null
  get_offset
  case $request in
  last | more) echo "ready $((offset - start))" ;;
  # Behind the end nothing is written.
  at) if [ "$offset" -gt "$start" ]; then echo "ready $((offset - start))"; else echo "ready 0"; fi ;;
  *) echo "ready 0" ;;
  esac >&2
done
