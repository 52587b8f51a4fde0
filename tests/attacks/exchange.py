# Exchanges what lanco has made in a directory of records for links to a file of root's,
# and back, as fast as it can, and lays links where logs will be.
import ctypes, os, sys

runs, precious, logs = sys.argv[1:4]
libc = ctypes.CDLL(None, use_errno=True)
EXCHANGE, AT_FDCWD = 2, -100
bait = f"{runs}/.bait"
os.makedirs(bait, exist_ok=True)
for name in ("run.json", "status", "pauses", "stopped", "environment"):
    os.symlink(precious, f"{bait}/{name}")
while True:
    for name in os.listdir(runs):
        if name != ".bait":
            a, b = f"{runs}/{name}".encode(), bait.encode()
            if libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, EXCHANGE) == 0:
                libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, EXCHANGE)
    try:
        os.symlink(precious, f"{logs}/task-a.log")
    except FileExistsError:
        pass
