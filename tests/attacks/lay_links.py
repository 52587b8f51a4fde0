# Lays links to a file where lanco is about to write in a directory of its own among the
# records: in the place of what it has made there, as fast as it can.
import os, sys

runs, victim, name = sys.argv[1:4]
laid = set()
while True:
    for run in os.listdir(runs):
        place = f"{runs}/{run}/{name}"
        if run in laid or not os.path.lexists(place):
            continue
        try:
            os.symlink(victim, f"{place}-link")
            os.rename(f"{place}-link", place)
            laid.add(run)
        except OSError:
            pass
