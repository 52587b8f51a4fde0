import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, LANCO, shell, start, type TestNamespace } from "../harness.ts";

/** The answers to lines, in their order. */
async function answers(ns: TestNamespace, ...lines: (string | object)[]) {
  const stdin = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line))
    .join("\n");
  const { code, stdout, stderr } = await ns.lancoWith({ stdin }, "batch");
  assertEquals([code, stderr], [0, ""]);
  return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

cgroupTest("batch runs commands one after the other and answers each", async (ns) => {
  const [run, again, check, ls, pause, stop, status] = await answers(
    ns,
    { id: 1, command: "run", args: ["a", "sleep", "1000"] },
    { id: "two", command: "run", args: ["a", "sleep", "1000"] },
    { command: "check", args: ["a"] },
    "",
    { command: "ls" },
    { command: "pause", args: ["a"] },
    { command: "stop", args: ["--now", "a"] },
    { id: { any: ["thing"] }, command: "status", args: ["a"] },
  );
  assertEquals([run.id, run.exitStatus, run.output.task, run.messages], [1, 0, "a", []]);
  assertEquals([again.id, again.exitStatus, again.output], ["two", 4, null]);
  assertMatch(again.messages[0], /\[WARN\/run\] task a is already running$/);
  assertEquals([check.id, check.output.tasks.a.running], [null, true]);
  assertEquals(Object.keys(ls.output.tasks), ["a"]);
  assertEquals([pause.exitStatus, pause.output], [0, null]);
  assertEquals(stop.output.tasks.a.stopped, true);
  assertEquals([status.id, status.output.state], [{ any: ["thing"] }, "killed"]);
});

cgroupTest("batch answers while more is to come, and its tasks outlive it", async (ns) => {
  const batch = start([LANCO, ns.name, "batch"], { stdin: "piped", stdout: "piped" });
  const writer = batch.stdin.getWriter();
  const reader = batch.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (const task of ["a", "b"]) {
    const request = {
      id: task,
      command: "run",
      args: [task, "sh", "-c", "umask; exec sleep 1000"],
    };
    await writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    assertEquals(JSON.parse((await reader.read()).value ?? "").id, task);
  }
  batch.kill("SIGKILL");
  await batch.status;
  await writer.close().catch(() => {});
  await reader.cancel();
  assertEquals((await ns.lanco("check", "a", "b")).code, 0);
  // What was done for the first changes nothing for the second.
  assertEquals(ns.log("a"), ns.log("b"));
});

cgroupTest("batch says what is wrong with a line, and goes on", async (ns) => {
  const wrong: [string | object, RegExp][] = [
    ["nonsense", /not JSON/],
    ["[1]", /not of the form/],
    ["null", /not a JSON object/],
    [{ command: "run", args: "x" }, /not of the form/],
    [{ command: "run", args: [1] }, /not of the form/],
    [{ command: "stpo" }, /unknown command "stpo", did you mean "stop"\?/],
    [{ command: "init" }, /init cannot be run in a batch/],
    [{ command: "run", args: ["-f", "a", "true"] }, /-f/],
    [{ command: "stop", args: ["-x"] }, /unknown option -x/],
    [{ command: "check", args: ["a/b"] }, /cannot name a task/],
  ];
  const all = await answers(ns, ...wrong.map(([line]) => line), { command: "ls" });
  for (const [i, [line, text]] of wrong.entries()) {
    assertEquals([all[i].exitStatus, all[i].output], [2, null], JSON.stringify(line));
    assertMatch(all[i].messages[0], text);
  }
  assertEquals(all.at(-1).exitStatus, 0);
  const run = { command: "run", args: ["a", "no-such-command"] };
  assertEquals((await answers(ns, run))[0].exitStatus, 127);
});

cgroupTest("batch ends in silence when nobody reads, and needs its namespace", async (ns) => {
  const line = `yes '{"command":"ls"}' | { ${LANCO} ${ns.name} batch; echo $? >&2; } | head -n 1`;
  const { stdout, stderr } = await shell(line);
  assertEquals([stdout.split("\n").length, stderr], [2, "0\n"]);
  assertEquals((await shell(`${LANCO} no-such-namespace batch </dev/null`)).code, 5);
});
