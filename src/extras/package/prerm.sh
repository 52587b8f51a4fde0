#!/bin/sh
# On removal of the package, tells which namespaces exist: they and their tasks go on, and
# only lanco can remove them.
set -e
# dpkg says "remove", rpm says how many versions will be left.
case $1 in
remove | 0) ;;
*) exit 0 ;;
esac
left=
for record in "${DPKG_ROOT:-}"/run/lanco/*/namespace.json; do
  [ -e "$record" ] || continue
  record=${record%/namespace.json}
  left="$left ${record##*/}"
done
[ -z "$left" ] || printf '%s\n' "lanco: these namespaces are left, and their tasks go on:$left" \
  '  To remove one, install lanco again, stop its tasks with "lanco NAMESPACE stop",' \
  '  and run "lanco NAMESPACE release"; or reboot.'
