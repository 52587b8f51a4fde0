# Looks for a text in everybody's arguments, without a pause, and writes down whose has it.
import os, sys

wanted, report = sys.argv[1].encode(), sys.argv[2]
own = str(os.getpid())
with open(report, "w") as file:
    file.write("watched\n")
while True:
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or pid == own:
            continue
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read()
        except OSError:
            continue
        # Those of the test itself: env(1) that sets it, and lanco that is given it.
        if wanted in line and b"/usr/bin/env\0-i\0" not in line and b"setpriv\0" not in line:
            with open(report, "a") as file:
                file.write(repr(line) + "\n")
