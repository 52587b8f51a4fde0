"""Moves itself into a cgroup of which $1 is the cgroup.procs, and fills its memory with the file
$2, which lies on a tmpfs, until the kernel kills it: the pages of the file stay."""
import os
import sys

procs, path = sys.argv[1:]
file = os.open(path, os.O_CREAT | os.O_WRONLY)
page = b"x" * 4096
with open(procs, "w") as cgroup:
    cgroup.write(str(os.getpid()))
while True:
    os.write(file, page)
