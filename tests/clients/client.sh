#!/bin/sh
# A daemon in shell that runs 20 jobs by lanĉo and collects how they end, whoever is killed.
#
#   client.sh LANCO NAMESPACE RESULTS    RESULTS gets a line "job status" for each, once
set -eu
lanco=$1 namespace=$2 results=$3
touch "$results"
jobs=$(seq 0 19)
for number in $jobs; do
  # 4: it was started in a former life of this daemon. If nothing is known of it then, whoever was
  # starting it has been killed, and it was not started.
  until
    "$lanco" "$namespace" run --once --timeout 1m --label client=shell -- \
      "job$number" sh -c "sleep 1.$((number % 7)); exit $number" 2>/dev/null || [ $? = 4 ] || exit 1
    "$lanco" "$namespace" status -- "job$number" >/dev/null 2>&1
  do
    sleep 0.1
  done
done
for number in $jobs; do
  ! grep -q "^job$number " "$results" || continue
  status=0
  "$lanco" "$namespace" wait -- "job$number" || status=$?
  echo "job$number $status" >>"$results"
done
