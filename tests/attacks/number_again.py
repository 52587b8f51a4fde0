"""In a PID namespace of its own, as root: while the release agent is about to move a
process of the owner's, that ends, and a stranger's gets its number.
    number_again.py AGENT DIRECTORY REGISTERED TARGET TRACE OWNER STRANGER
REGISTERED is where the process is in the named hierarchy, TARGET where it would be moved
to. Prints in which cgroups the stranger is before and after."""

import json
import os
import signal
import subprocess
import sys
import time

from reused_number import replace, start_in

agent, directory, registered, target, trace = sys.argv[1:6]
owner, stranger = [int(word) for word in sys.argv[6:]]



def place(pid):
    # Other namespaces' hierarchies come and go.
    with open(f"/proc/{pid}/cgroup") as file:
        return [line for line in file.read().splitlines() if ":name=lanco-" not in line]


victim = start_in(f"{directory}/named/{registered}", owner)
target = f"{directory}/{target}/cgroup.procs"
tracer = subprocess.Popen(
    ["strace", "-f", "-o", trace, "-P", target, "-e", "trace=openat,write",
     "-e", "inject=openat:signal=STOP:when=1", agent, "/bell-x"],
    env={}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while tracer.poll() is None:
    if os.path.exists(trace) and "stopped by SIGSTOP" in open(trace).read():
        break
    time.sleep(0.01)
if tracer.poll() is None:
    with open(f"/proc/{tracer.pid}/task/{tracer.pid}/children") as file:
        stopped = int(file.read().split()[0])
other = replace(victim, stranger)
before = place(other)
if tracer.poll() is None:
    os.kill(stopped, signal.SIGCONT)
    tracer.wait()
print(json.dumps({"same": other == victim, "before": before, "after": place(other),
                  "moved": f'"{victim}\\n"' in open(trace).read()}))
os.kill(other, signal.SIGKILL)
