#!/bin/sh
# On removal of the package, tells which namespaces exist: they and their tasks go on, and
# only lanco can remove them.
set -e
[ "$1" = remove ] || exit 0
left=
for record in "${DPKG_ROOT:-}"/run/lanco/*/namespace.json; do
  [ -e "$record" ] || continue
  record=${record%/namespace.json}
  left="$left ${record##*/}"
done
[ -z "$left" ] || cat <<EOF
lanco: these namespaces are left, and their tasks go on:$left
  To remove one, install lanco again, stop its tasks with "lanco NAMESPACE stop",
  and run "lanco NAMESPACE release"; or reboot.
EOF
