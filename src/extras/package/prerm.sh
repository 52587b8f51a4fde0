#!/bin/sh
# Tells who removes the package which namespaces are left: the kernel keeps them, and
# their tasks go on, but nothing else can put them away.
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
