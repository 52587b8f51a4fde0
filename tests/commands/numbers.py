# Writes numbered lines of 16 bytes to its standard output, or to descriptor 2 if "errors" comes last:
# so many of them, at most so many bytes a second. A full disk is waited out.
import errno, os, sys, time

count, rate = int(sys.argv[1]), float(sys.argv[2])
output = 2 if sys.argv[3:] == ["errors"] else 1
begin, written = time.monotonic(), 0
for first in range(0, count, 1024):
    lines = b"".join(b"%015d\n" % n for n in range(first, min(first + 1024, count)))
    while lines:
        try:
            done = os.write(output, lines)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            time.sleep(0.02)
            continue
        lines, written = lines[done:], written + done
    early = written / rate - (time.monotonic() - begin)
    if early > 0:
        time.sleep(early)
