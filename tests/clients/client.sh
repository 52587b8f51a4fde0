#!/bin/sh
# The same in shell: 20 jobs are run and how they end is collected, whoever is killed.
#
#   client.sh LANCO NAMESPACE RESULTS
set -eu
lanco=$1 namespace=$2 results=$3
touch "$results"
for number in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
  # 3: there never was such a job.
  "$lanco" "$namespace" status -- "job$number" >/dev/null 2>&1 && continue
  "$lanco" "$namespace" run -- "job$number" sh -c "sleep 1.$((number % 7)); exit $number" || [ $? = 4 ]
done
for number in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
  ! grep -q "^job$number " "$results" || continue
  status=0
  "$lanco" "$namespace" wait -- "job$number" || status=$?
  echo "job$number $status" >>"$results"
done
