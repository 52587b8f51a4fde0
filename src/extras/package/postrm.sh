#!/bin/sh
# When the package is purged, removes the marks of runs. They are in directories of the owners of
# namespaces, who may have laid links there: each is removed with the rights of its owner. As for
# what lanco does so, that process has nothing else of root's: no descriptor, variable, group or
# terminal, and a harmless capability by which its owner's other processes cannot trace it. They
# can stop it, and so it is not waited for without end.
set -e
[ "$1" = purge ] || exit 0
for logs in "${DPKG_ROOT:-}"/var/log/lanco-*; do
  if [ ! -d "$logs" ] || [ -h "$logs" ]; then continue; fi
  owner=$(stat -c %u "$logs")
  timeout -s KILL 60 setsid setpriv "--reuid=+$owner" --regid=65534 --clear-groups --no-new-privs \
    --bounding-set=-all,+wake_alarm --inh-caps=-all,+wake_alarm --ambient-caps=-all,+wake_alarm \
    env -i PATH=/usr/bin:/bin rm -rf -- "$logs/.runs" \
    </dev/null >/dev/null 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- || :
done
