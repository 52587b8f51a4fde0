# Exchanges a log for a link, as often as it can.
import ctypes, os, sys

log, target = (path.encode() for path in sys.argv[1:3])
libc = ctypes.CDLL(None, use_errno=True)
EXCHANGE, AT_FDCWD = 2, -100
link = log + b"-link"
os.symlink(target, link)
while True:
    libc.renameat2(AT_FDCWD, log, AT_FDCWD, link, EXCHANGE)
