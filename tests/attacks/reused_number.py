"""In a PID namespace of its own, as root: a process in a cgroup, and a stranger's that gets its number."""

import os
import signal
import time


def start(uid, then=lambda: None):
    """Starts a process that sleeps, when it has done something. Returns its number."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        then()
        os.write(writable, b"x")
        time.sleep(1000)
    os.close(writable)
    told = os.read(readable, 1)
    os.close(readable)
    assert told, f"{pid} has ended with {os.waitpid(pid, 0)[1]:#x} before it slept"
    return pid


def start_in(cgroup, uid):
    """Starts a process in a cgroup of v1."""
    def enter():
        with open(f"{cgroup}/cgroup.procs", "w") as file:
            file.write("0")
    return start(uid, enter)


def replace(victim, uid):
    """Kills a process, and has another user's get its number. Returns the number of that."""
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(victim - 1))
    return start(uid)
