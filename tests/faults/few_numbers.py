"""In a PID namespace of its own, where numbers are used again at once: tasks are sent
signals and stopped while others of their owner are born and die, and must not be hit.
    few_numbers.py LANCO NAMESPACE UID ROUNDS
Prints how many were hit, and how many there were."""

import json
import os
import subprocess
import sys
import time

lanco, namespace, uid, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
LAST = "/proc/sys/kernel/ns_last_pid"
STORM = "trap : USR1; while :; do /bin/true & /bin/true & /bin/true; done"


def become_owner():
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def hammer(until):
    """Keeps some processes alive, of which each lives for some milliseconds, and gets
    the lowest number that is free: that of one who has just died. Returns how the child
    ended, how many there were, and the signals that hit them."""
    alive, total, hit = set(), 0, []
    last = os.open(LAST, os.O_WRONLY)
    while True:
        if len(alive) < 8:
            os.pwrite(last, b"300", 0)
            pid = os.fork()
            if pid == 0:
                os.setuid(uid)
                time.sleep(0.004)
                os._exit(0)
            alive.add(pid)
            total += 1
            continue
        pid, status = os.waitpid(-1, 0)
        if pid == until:
            return status, total, hit
        # Orphans become children of the first process here, too.
        if pid not in alive:
            continue
        alive.remove(pid)
        if os.WIFSIGNALED(status):
            hit.append(os.WTERMSIG(status))


def ask(batch, *args, fine=(0,)):
    batch.stdin.write(json.dumps({"command": args[0], "args": args[1:]}) + "\n")
    batch.stdin.flush()
    status = json.loads(batch.stdout.readline())["exitStatus"]
    if status not in fine:
        sys.exit(f"{args}: {status}")


def stop_again_and_again():
    become_owner()
    batch = subprocess.Popen(
        [lanco, namespace, "batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    # The first line has the version.
    batch.stdout.readline()
    for i in range(rounds):
        ask(batch, "run", "--keep", "0", "a", "sh", "-c", STORM)
        # It may come before it is heard, and end it.
        for _ in range(20):
            ask(batch, "signal", "USR1", "a", fine=(0, 3))
        ask(batch, "stop", *(["--now"] if i % 2 else []), "a", fine=(0, 3))
    batch.stdin.close()
    return batch.wait()


child = os.fork()
if child == 0:
    os._exit(stop_again_and_again())
status, total, hit = hammer(child)
print(json.dumps({"status": status, "hit": hit, "total": total}))
