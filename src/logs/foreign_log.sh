# Reads the log $1, which lies where only a shell of the user's may read. Says on
# standard error what it has opened, by inode and owner. With each line that comes in it
# does as it is told, and then says: "ready"; "closed" if nobody reads its output any
# more; "failed" if it cannot be written.
#   last N    shows the last lines
#   skip      shows none of what there is
#   more      shows what follows
#   rewind    goes back to the beginning
PATH=/usr/bin:/bin
{ exec 3<"$1"; } 2>/dev/null || exit 1
stat -Lc 'opened %i %u' /proc/self/fd/3 >&2
while read -r order number; do
  case $order in
  last) tail -n "$number" ;;
  skip) cat >/dev/null ;;
  more) cat ;;
  rewind) exec 3</proc/self/fd/3 ;;
  esac <&3 2>/dev/null
  case $? in
  0) echo ready ;;
  141) echo closed ;;
  *) echo failed ;;
  esac >&2
done
