"""Moves itself into a cgroup of which $1 is the cgroup.procs, and fills its memory with the file
$2, which lies on a tmpfs, until the kernel kills it: the pages of the file stay. All that it needs
itself is there before it moves, so that its end leaves next to nothing free for others."""
import os
import sys

procs = os.open(sys.argv[1], os.O_WRONLY)
file = os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
page = b"x" * 4096
for descriptor, written in (file, page), (procs, b"0"):
    os.write(descriptor, written)
while True:
    os.write(file, page)
