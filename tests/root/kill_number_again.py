"""In a PID namespace of its own, as root: while root's kill is about to kill a process of a task,
that ends, and a stranger's gets its number.
    kill_number_again.py DIRECTORY REGISTERED OWNER STRANGER COMMAND...
REGISTERED is the task's cgroup, in which the process is. COMMAND makes the file DIRECTORY/held and
waits until it can read from DIRECTORY/go. Prints whether the stranger's process lives on."""

import json
import os
import signal
import subprocess
import sys
import time

from reused_number import replace, start_in

directory, registered = sys.argv[1:3]
owner, stranger = [int(word) for word in sys.argv[3:5]]


victim = start_in(registered, owner)
os.mkfifo(f"{directory}/go")
kill = subprocess.Popen(sys.argv[5:], env={"HOLD": directory}, stdin=subprocess.DEVNULL)
while kill.poll() is None and not os.path.exists(f"{directory}/held"):
    time.sleep(0.01)
held = kill.poll() is None
other = replace(victim, stranger)
if held:
    with open(f"{directory}/go", "w") as file:
        file.write("go\n")
status = kill.wait()
ended, _ = os.waitpid(other, os.WNOHANG)
print(json.dumps({"same": other == victim, "held": held, "status": status, "lives": ended == 0}))
if ended == 0:
    os.kill(other, signal.SIGKILL)
