import { assertEquals } from "@std/assert";
import { cgroupTest, exec, LANCO, until } from "../../harness.ts";

/**
 * Runs a program with one end of a socket as its standard input and output. When the first line is
 * there, which is never read, it requests a stop, and closes the other end.
 */
const RESET = `import socket, subprocess, sys, time
ours, theirs = socket.socketpair()
program = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
theirs.close()
while not ours.recv(65536, socket.MSG_PEEK).endswith(b'\\n'):
    time.sleep(0.01)
ours.sendall(b'{"command":"stop","task":"a","timeout":2}\\n')
ours.close()
sys.exit(program.wait())`;

/** Runs a program that can write no answer but the first line, and requests a stop after one was refused. */
const UNREAD = `import subprocess, sys, time
program = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
program.stdout.readline()
program.stdout.close()
program.stdin.write(b'{"command":"check","task":"a"}\\n')
program.stdin.flush()
time.sleep(0.3)
program.stdin.write(b'{"command":"stop","task":"a","timeout":2}\\n')
program.stdin.close()
sys.exit(program.wait())`;

for (const [how, caller] of Object.entries({ RESET, UNREAD })) {
  cgroupTest(`batch executes what its caller sent before it died (${how})`, async (ns) => {
    const task = 'trap "" TERM; echo ready; while :; do sleep 1; done';
    await ns.must("run", "a", "sh", "-c", task);
    await until("the task ignores TERM", () => ns.log("a") === "ready\n");
    const words = ["/usr/bin/python3", "-c", caller, LANCO, ns.name, "batch"];
    const { code, stderr } = await exec(words);
    assertEquals([code, stderr], [0, ""]);
    // It ignores TERM: it ends by the kill alone, for which the batch had to go on.
    await ns.gone("a");
  });
}

/**
 * Runs a program that gets as many requests as it takes, and reads no answer. When it has taken
 * them, all but what a pipe holds, it ends what the first of them waits for.
 */
const FULL = `import os, signal, subprocess, sys
program = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
program.stdout.readline()
program.stdout.close()
wait = b'{"command":"wait","args":["a"]}\\n'
program.stdin.write(b'{"command":"wait","args":["b"]}\\n' + wait * 16500)
program.stdin.flush()
os.kill(int(sys.argv[1]), signal.SIGKILL)
try:
    sys.exit(program.wait(300))
finally:
    program.kill()`;

cgroupTest(
  "batch ends when nobody reads its answers and it may take no more requests",
  async (ns) => {
    for (const task of ["a", "b"]) await ns.must("run", task, "sleep", "1000");
    const [pid] = ns.task("b");
    const words = ["/usr/bin/python3", "-c", FULL, String(pid), LANCO, ns.name, "batch"];
    const { code, stderr } = await exec(words);
    assertEquals([code, stderr], [0, ""]);
    assertEquals((await ns.lanco("check", "a")).code, 0);
  },
);
