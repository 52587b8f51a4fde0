"""Runs a program on a terminal that accepts no output: held.py OWNER FLAG HOW PROGRAM [ARGUMENT...]

The terminal belongs to the uid OWNER and is blocking or not (FLAG: block, nonblock). For six
seconds the program has to redraw, and none of its output is read. Then q is typed or SIGTERM is
sent (HOW: q, TERM), and the output is read. Prints JSON: lived (the program ran until then and
restored the screen), code (its exit status), ended (the seconds it took to end), flags (the
terminal's file status flags before and after), modes (whether its modes are the same), seconds
(the processor time).
"""
import fcntl, json, os, pty, resource, select, signal, struct, subprocess, sys, termios, time

owner, flag, how, *program = sys.argv[1:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
os.fchown(slave, int(owner), 5)
os.set_blocking(slave, flag == "block")
flags, modes = fcntl.fcntl(slave, fcntl.F_GETFL), termios.tcgetattr(slave)


def leader():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def read(wait):
    if select.select([master], [], [], wait)[0]:
        return os.read(master, 65536)
    return b""


top = subprocess.Popen(program, stdin=slave, stdout=slave, stderr=slave, preexec_fn=leader)
screen = b""
while b"alpha" not in screen:
    screen += read(1)
begin = time.monotonic()
while time.monotonic() - begin < 6:
    # ^L redraws the screen.
    os.write(master, b"\x0c")
    time.sleep(0.02)
lived = top.poll() is None
begin = time.monotonic()
if how == "TERM":
    top.send_signal(signal.SIGTERM)
else:
    os.write(master, b"q")
time.sleep(0.5)
last = b""
while top.poll() is None and time.monotonic() - begin < 20:
    last += read(0.1)
while some := read(0.2):
    last += some
lived = lived and b"\x1b[?1049l" in last
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "lived": lived,
    "code": top.wait(20),
    "ended": time.monotonic() - begin,
    "flags": [flags, fcntl.fcntl(slave, fcntl.F_GETFL)],
    "modes": modes == termios.tcgetattr(slave),
    "seconds": used.ru_utime + used.ru_stime,
}))
