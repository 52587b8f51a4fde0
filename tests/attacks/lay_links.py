# Lays links to a file where lanco is about to write in a directory of records: in the place
# of what it has made there (a name), or beside its directory (a name that begins with a dot),
# as fast as it can.
import os, sys

runs, victim, name = sys.argv[1:4]
laid = set()
while True:
    for run in os.listdir(runs):
        if not run.startswith(".new-") or run in laid or run.endswith(name):
            continue
        place = f"{runs}/{run}{name}" if name.startswith(".") else f"{runs}/{run}/{name}"
        try:
            if name.startswith("."):
                os.symlink(victim, place)
            elif os.path.lexists(place):
                os.symlink(victim, f"{place}-link")
                os.rename(f"{place}-link", place)
            else:
                continue
            laid.add(run)
        except OSError:
            pass
