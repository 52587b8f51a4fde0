"""Runs a program with one of its streams on a descriptor of some kind, and reads from that.

descriptors.py STREAM KIND FLAG READER UID PROGRAM [ARGUMENT...]

STREAM is 1 or 2; the other one, 2 or 1, goes to a file, whose beginning is printed. KIND is own or other (a terminal
that belongs to UID or to root), pipe, socket, tcp or file. FLAG is block or nonblock. READER is
slow, stops (reads nothing for two seconds) or goes (away, after some bytes). Prints JSON: what
the program has written (its digest), how it ended, the flags of the descriptor before and
after, whether they ever were others, and the processor time that it took.
"""
import fcntl, hashlib, json, os, pty, resource, select, socket, subprocess, sys, tempfile, termios
import time, tty

stream, kind, flag, reader, uid, *program = sys.argv[1:]
STOP, AWAY = 2, 3000
is_terminal = kind in ("own", "other")


def opened():
    """Both ends: the reader's, and the program's."""
    if is_terminal:
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        os.fchown(theirs, int(uid) if kind == "own" else 0, 5)
        os.fchmod(theirs, 0o620)
        return ours, theirs
    if kind == "pipe":
        return os.pipe()
    if kind == "socket":
        return [end.detach() for end in socket.socketpair()]
    if kind == "tcp":
        listener = socket.create_server(("127.0.0.1", 0))
        ours = socket.create_connection(listener.getsockname())
        theirs = listener.accept()[0]
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return ours.detach(), theirs.detach()
    name = tempfile.mkstemp()[1]
    theirs = os.open(name, os.O_RDWR | os.O_APPEND)
    ours = os.open(name, os.O_RDONLY)
    os.unlink(name)
    return ours, theirs


def leader():
    os.setsid()
    if is_terminal:
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)


def readable(descriptor):
    return bool(select.select([descriptor], [], [], 0.01)[0])


ours, theirs = opened()
os.set_blocking(theirs, flag == "block")
before = fcntl.fcntl(theirs, fcntl.F_GETFL)
rest = tempfile.TemporaryFile()
child = subprocess.Popen(
    program,
    # As in a shell: one open file description is all that is not redirected.
    stdin=theirs if is_terminal else subprocess.DEVNULL,
    stdout=theirs if stream == "1" else rest,
    stderr=theirs if stream == "2" else rest,
    preexec_fn=leader,
)
begin = time.monotonic()
data = b""
changed = is_away = ended = False
after = before
while True:
    if not ended:
        ended = child.poll() is not None
        after = fcntl.fcntl(theirs, fcntl.F_GETFL)
        changed |= after != before
        if ended:
            # Now the end can be read. What was written to a terminal can come later than the
            # end of the process that has written it: a worker of the kernel's hands it on.
            os.close(theirs)
    if is_away or reader == "stops" and time.monotonic() - begin < STOP:
        time.sleep(0.01)
        if ended and is_away:
            break
        continue
    if not readable(ours):
        continue
    try:
        some = os.read(ours, 2048 if reader == "slow" else 65536)
    except OSError:
        # Nobody has the terminal open any more.
        some = b""
    if not some:
        # The end; of a file that is written, so far.
        if ended:
            break
        time.sleep(0.01)
    data += some
    if reader == "slow":
        time.sleep(0.0002)
    if reader == "goes" and len(data) > AWAY:
        is_away = True
        os.close(ours)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
rest.seek(0)
print(json.dumps({
    "code": child.wait(),
    "length": len(data),
    "digest": hashlib.sha256(data).hexdigest(),
    "other": rest.read(2000).decode("utf-8", "replace"),
    "flags": [before, after],
    "changed": changed,
    "isAway": is_away,
    "seconds": used.ru_utime + used.ru_stime,
}))
