# Starts children that enter the registered cgroup of a task and leave it again, or end, as fast
# as they can, while the release agent is asked to admit the processes that it finds there.
import os, signal, sys, time

directory, task = sys.argv[1:3]
signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def move(cgroup):
    try:
        with open(f"{directory}/{cgroup}/cgroup.procs", "w") as file:
            file.write("0")
    except OSError:
        pass


def hop():
    while True:
        for cgroup in (f"named/task-{task}", "named", "named/task-hop", "named/exit-1-a"):
            try:
                os.mkdir(f"{directory}/{cgroup}")
            except OSError:
                pass
            move(cgroup)


def flash():
    while True:
        if os.fork() == 0:
            move(f"named/task-{task}")
            os._exit(0)
        time.sleep(0.0005)


for what in (hop, hop, flash):
    if os.fork() == 0:
        what()
time.sleep(1000)
