"""A daemon that runs 20 jobs by lanĉo and collects how they end, and may be killed at any time.

client.py LANCO NAMESPACE RESULTS: RESULTS gets a line "job status" for each, once.
"""

import json
import subprocess
import sys

lanco, namespace, results = sys.argv[1:]
jobs = [f"job{i}" for i in range(20)]
batch = subprocess.Popen(
    [lanco, namespace, "batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)


def ask(id, command, *args, **fields):
    """Asks for a command; the answer comes when it is done."""
    request = {"id": id, "command": command, "args": args, **fields}
    print(json.dumps(request), file=batch.stdin, flush=True)


with open(results, "a+") as file:
    file.seek(0)
    collected = {line.split()[0] for line in file}

    def collect(job, end):
        """Writes down how a job has ended, unless that is known."""
        if job in jobs and job not in collected:
            collected.add(job)
            print(job, end["code"] if end["code"] is not None else end["signal"], file=file, flush=True)

    ask("events", "events")
    for line in batch.stdout:
        answer = json.loads(line)
        event = answer.get("event")
        if event is None and answer["id"] not in jobs:
            continue
        if event is not None and event["event"] == "ready":
            # From now on it hears of every end: of those before, the records tell.
            for job in jobs:
                ask(job, "status", task=job)
        elif event is not None and event["event"] == "end":
            collect(event["task"], event)
        elif event is None and answer["exitStatus"] == 3:
            number = int(answer["id"].removeprefix("job"))
            script = f"sleep 1.{number % 7}; exit {number}"
            # It is answered by "output": what was started has no state.
            ask(answer["id"], "run", "sh", "-c", script, task=answer["id"])
        elif event is None and (answer["output"] or {}).get("ended"):
            collect(answer["id"], answer["output"])
        if len(collected) == len(jobs):
            break
batch.stdin.close()
