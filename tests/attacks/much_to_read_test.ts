import { assert, assertEquals, assertMatch } from "@std/assert";
import { answersIn } from "../batch.ts";
import {
  cgroupTest,
  exec,
  LANCO,
  OWNER,
  type Result,
  shell,
  start,
  type TestNamespace,
  until,
} from "../harness.ts";
import { pythonOf } from "./python.ts";

/** Runs a command, and adds up to how much memory the largest of its processes took, in MB. */
const MEASURE = `import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("MB", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
sys.exit(code)`;

/** The most memory that an answer may take, in MB. The program itself takes 60. */
const MOST = 250;

/** Runs lanco, which must have come to an end, and not have taken much memory. */
async function measured(
  ns: TestNamespace,
  uid: number,
  args: string[],
  stdin = "",
): Promise<Result> {
  const words = ["timeout", "60", "python3", "-c", MEASURE, LANCO, ns.name, ...args];
  const result = await exec(words, { uid, stdin });
  const megabytes = Number(/^MB (\d+)$/m.exec(result.stderr)?.[1]);
  assert(megabytes < MOST, `${args.join(" ")} took ${megabytes} MB: ${result.stderr.slice(-500)}`);
  return result;
}

/** Gives tasks directories of runs that seem to be their last, each with a sparse record. */
function laySparse(ns: TestNamespace, tasks: string): Promise<Result> {
  const line = `cd ${ns.directory}/runs; n=1000
  for task in ${tasks}; do n=$((n + 1)); run=7zzzzzzzzzzzzzzzzzzzzz$n
    mkdir $run-$task; truncate -s 1M $run-$task/run.json
    printf '%s\\nexecuted\\nended 0 1.00\\n' $run >$run-$task/status
  done`;
  return shell(line);
}

cgroupTest("who has thousands of sparse records is told of in part, in time", async (ns) => {
  await ns.must("run", "runs", "sleep", "1000");
  const { stderr } = await laySparse(ns, "$(seq -f t%g 2000)");
  assertEquals(stderr, "");
  for (const uid of [0, OWNER]) {
    for (const args of [["metrics"], ["ls", "-a"], ["dump"], ["ls", "-a", "--json"]]) {
      const { code, stdout, stderr } = await measured(ns, uid, args);
      assertEquals(code, 1, args.join(" "));
      assertMatch(stderr, /ERROR\/\w+\] there is too much to read for one answer/);
      assertMatch(stdout, /runs/);
      if (stdout.startsWith("{")) assertEquals(JSON.parse(stdout).truncated, true);
      if (args[0] === "metrics") assertMatch(stdout, /^lanco_truncated\{.*\} 1$/m);
    }
    const request = '{"command":"dump"}\n{"id":1,"command":"status","task":"runs"}\n';
    const { stdout } = await measured(ns, uid, ["batch"], request);
    const [dump, status] = answersIn(stdout).sort((a, b) => Number(a.id) - Number(b.id));
    assertEquals([dump?.exitStatus, status?.exitStatus], [1, 0]);
    assertMatch(JSON.stringify(dump), /"truncated":true.*too much to read/);
    assertMatch(JSON.stringify(status), /"state":"running".*"truncated":false/);
  }
  // With patterns, all that is asked for can be told.
  const { code, stdout } = await measured(ns, 0, ["dump", "runs", "t7"]);
  assertEquals([code, JSON.parse(stdout).truncated], [0, false]);
});

cgroupTest("tasks that run can have sparse records, too", async (ns) => {
  const jobs = Array.from(
    { length: 40 },
    (_, i) => JSON.stringify({ command: "run", task: `h${i + 1}`, args: ["sleep", "1000"] }) + "\n",
  );
  const { stdout } = await exec([LANCO, ns.name, "batch"], { stdin: jobs.join("") });
  assertEquals(answersIn(stdout).filter(({ exitStatus }) => exitStatus === 0).length, 40, stdout);
  await laySparse(ns, "$(seq -f h%g 40)");
  for (const args of [["ls", "--json"], ["top", "--once"]]) {
    const { code, stdout, stderr } = await measured(ns, 0, args);
    assertEquals(code, 1, args.join(" "));
    assertMatch(stderr, /too much to read/);
    assertMatch(stdout, /\bh\d+\b/);
  }
});

/** Whatever looks at all command lines of the host, as other tests and ps(1) do, would read it without end. */
const ENDLESS = Deno.env.get("LANCO_TEST_ALL") !== undefined;

cgroupTest("a command line that is endless, or shared by many, keeps nobody", async (ns) => {
  await ns.must("run", "other", "sleep", "1000");
  if (ENDLESS) {
    await ns.must("run", "endless", "python3", "-c", pythonOf("endless.py"), "64");
    await until("it is endless", () => ns.log("endless") === "endless\n");
  }
  const many = `import os, time
for _ in range(100): os.fork() or time.sleep(1000)
print("all", flush=True); time.sleep(1000)`;
  await ns.must("run", "many", "python3", "-c", many, ...Array(10).fill("x".repeat(100_000)));
  await until("they are many", () => ns.log("many") === "all\n");
  const commands = [["ls"], ["ls", "--json"], ["dump"], ["metrics"], ["top", "--once"]];
  const single = [...(ENDLESS ? ["endless"] : []), "many"].flatMap((
    task,
  ) => [["check", task], ["status", task]]);
  for (const args of [...commands, ...single]) {
    const { code, stdout, stderr } = await measured(ns, 0, args);
    assertEquals(code, 0, `${args.join(" ")}: ${stderr}`);
    if (!single.includes(args)) assertMatch(stdout, /many[^]*other|other[^]*many/);
  }
  const { tasks } = JSON.parse(await ns.must("dump", "many", "other"));
  assertEquals(tasks.many.count, 101);
  // It is said that some of a command line is missing.
  assertMatch(tasks.many.processes[0].cmdline, /^python3 .*…$/);
  assertEquals(tasks.other.processes[0].cmdline, "sleep 1000 ");
});

cgroupTest("pauses without end do not keep events from other tasks", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  await ns.must("run", "b", "sleep", "1000");
  await shell(`truncate -s 4T ${ns.runDirectory("a")}/pauses`);
  let isOver = false;
  const events = ns.firstLines(5, ["events"], { uid: 0 }).finally(() => isOver = true);
  while (!isOver) {
    await ns.must("pause", "b");
    await ns.must("resume", "b");
  }
  assertMatch(await events, /present a[^]*ready\n[^]* (pause|resume) b\n/);
});

cgroupTest("events that nobody reads from a batch do not gather in it", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const streams = { stdin: "piped", stdout: "piped" } as const;
  const batch = start([LANCO, ns.name, "batch"], streams);
  const writer = batch.stdin.getWriter();
  const reader = batch.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    await writer.write(new TextEncoder().encode('{"id":1,"command":"events"}\n'));
    for (let said = ""; !said.includes('"ready"');) said += (await reader.read()).value ?? "";
    const lines = "\npause 000000000000001\n".repeat(30_000);
    for (let round = 0; round < 20; round++) {
      Deno.writeTextFileSync(`${ns.runDirectory("a")}/pauses`, lines, { append: true });
      Deno.utimeSync(`${ns.directory}/named/task-a`, new Date(), new Date());
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const status = Deno.readTextFileSync(`/proc/${batch.pid}/status`);
    const megabytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    assert(megabytes < 150, `the batch takes ${megabytes} MB`);
  } finally {
    batch.kill("SIGKILL");
    await Promise.all([batch.status, writer.close().catch(() => {}), reader.cancel()]);
  }
});

cgroupTest("the last lines of a sparse log are not looked for without end", async (ns) => {
  const far = `${ns.scratch}/log`;
  await ns.must("run", "own", "sleep", "1000");
  await ns.must("run", "-l", far, "far", "sleep", "1000");
  await shell(`truncate -s 8T ${ns.logs}/task-own.log ${far}`);
  const tries = [["-n", "3", "own"], ["-n", "3", "far"], ["-f", "-n", "3", "far"]];
  await Promise.all(tries.map(async (args) => {
    const { code, stdout, stderr } = await measured(ns, 0, ["logs", ...args]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /cannot find the last 3 lines of the log in ten seconds/);
  }));
  await shell(`printf "\\nend\\n" >>${far}`);
  assertEquals(await ns.must("logs", "-n", "1", "far"), "end\n");
});

cgroupTest("marks without number are not read", async (ns) => {
  const marks = `${ns.logs}/.runs`;
  await ns.must("run", "-f", "a", "true");
  const make = `import os, sys
for i in range(34000): open(f"{sys.argv[1]}/{i:0255}", "w").close()`;
  await exec(["python3", "-c", make, marks]);
  // Not every file system counts the entries into the size of a directory.
  const isHuge = Deno.statSync(marks).size > 2 ** 23;
  const { code, stderr } = await measured(ns, 0, ["ls", "-a"]);
  assertEquals(code, isHuge ? 1 : 0, stderr);
  assertEquals((await measured(ns, 0, ["metrics", "nosuch"])).code, isHuge ? 1 : 0);
  // A directory that was that large may stay so when it is empty.
  await shell("find . -type f -delete", { cwd: marks });
  assertEquals((await measured(ns, 0, ["ls", "-a"])).code, 0);
  await ns.must("run", "-f", "b", "true");
});
