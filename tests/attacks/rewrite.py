# Writes what touches a file, should it be executed, into all that lies below a directory, as
# fast as it can, and writes down into what of a run that is being prepared it has done so.
import os, sys

runs, evil, found = sys.argv[1:]
# Each word but the first is also a path at which nothing may be made.
text = f"touch {evil} {evil} {evil}\n".encode()
written = set()


def rewrite(path):
    try:
        file = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(file, text)
        if "/.new-" in path and path not in written:
            written.add(path)
            with open(found, "a") as said:
                said.write(f"{path}\n")
    except OSError:
        pass
    os.close(file)


def below(place):
    try:
        return [f"{place}/{name}" for name in os.listdir(place)]
    except OSError:
        return []


turn = 0
while True:
    turn += 1
    for place in below(runs):
        # What is being made is there for a moment only.
        if turn % 16 and "/." not in place:
            continue
        rewrite(place)
        for path in below(place):
            rewrite(path)
