import { assertEquals } from "@std/assert";
import { cgroupTest, exec, LANCO, until } from "../../harness.ts";

/** Runs a program with one end of a socket as its standard input and output, and requests a stop there; closes the other end when an answer is there that it has not read. */
const RESET = `import select, socket, subprocess, sys
ours, theirs = socket.socketpair()
program = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
theirs.close()
select.select([ours], [], [])
ours.sendall(b'{"command":"stop","task":"a","timeout":2}\\n')
ours.close()
sys.exit(program.wait())`;

cgroupTest("batch finishes its requests when its caller dies with unread answers", async (ns) => {
  const task = 'trap "" TERM; echo ready; while :; do sleep 1; done';
  await ns.must("run", "a", "sh", "-c", task);
  await until("the task ignores TERM", () => ns.log("a") === "ready\n");
  const words = ["/usr/bin/python3", "-c", RESET, LANCO, ns.name, "batch"];
  const { code, stderr } = await exec(words);
  assertEquals([code, stderr], [0, ""]);
  // It ignores TERM: it ends by the kill alone, for which the batch had to go on.
  await ns.gone("a");
});
