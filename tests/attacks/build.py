# Makes cgroups and directories, and moves a process between them, as fast as it can.
import os, sys

directory = sys.argv[1]
places = ["named", "memory", "unified", "unified/exits", "pids", "runs"]
names = ["task-x", "exit-1-x", "new-x", "bell-x", "enter-x", "x"]
while True:
    for place in places:
        for name in names:
            path = f"{directory}/{place}/{name}"
            try:
                os.makedirs(f"{path}/y")
            except OSError:
                pass
            for target in (f"{path}/y", f"{directory}/named", f"{directory}/memory"):
                try:
                    with open(f"{target}/cgroup.procs", "w") as file:
                        file.write("0")
                except OSError:
                    pass
