import { assert, assertEquals, assertMatch } from "@std/assert";
import { answers } from "../batch.ts";
import { cgroupTest, exists, OWNER, shell, until } from "../harness.ts";

cgroupTest("run --stderr writes the standard error apart from the log", async (ns) => {
  const file = `${ns.scratch}/errors`;
  const run = ["run", "--stderr", file, "-c", "echo exit; echo exit-error >&2", "a"];
  await ns.must(...run, "sh", "-c", "echo out; echo err >&2; sleep 1000");
  await until("it has written", () => Deno.readTextFileSync(file) === "err\n");
  await until("it has written", () => ns.log("a") === "out\n");
  const [pid = 0] = ns.task("a");
  const flags = /flags:\s*(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/fdinfo/2`))?.[1];
  assert(parseInt(flags ?? "", 8) & 0o2000, "O_APPEND");
  assertEquals(
    [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => name).sort(),
    ["0", "1", "2"],
  );
  const { mode, uid } = Deno.statSync(file);
  assertEquals([(mode ?? 0) & 0o7777, uid], [0o640, OWNER]);
  assertEquals(ns.record("a").stderr, file);
  assertEquals(JSON.parse(await ns.must("status", "--json", "a")).stderr, file);
  assertEquals(JSON.parse(await ns.must("dump", "a")).tasks.a.stderr, file);
  assertMatch(await ns.must("status", "a"), new RegExp(`^  stderr +${file}, 4 B$`, "m"));
  assertEquals(await ns.must("logs", "a"), "out\n");
  assertEquals(await ns.must("logs", "--stderr", "a"), "err\n");
  await ns.must("stop", "a");
  await until("the exit command has run", () => ns.log("a").endsWith("exit-error\n"));
  assertEquals(ns.log("a"), "out\nexit\nexit-error\n");
  assertEquals(Deno.readTextFileSync(file), "err\n");
});

cgroupTest("the file of --stderr is rotated, followed and found again as a log is", async (ns) => {
  const cwd = ns.scratch;
  for (const word of ["one", "two"]) {
    const line = `echo ${word} >&2`;
    const { code } = await ns.lancoWith({ cwd }, "run", "-e", "e.log", "a", "sh", "-c", line);
    assertEquals(code, 0);
    await ns.gone("a");
  }
  assertEquals(Deno.readTextFileSync(`${cwd}/e.log.1`), "one\n");
  assertEquals(await ns.must("logs", "--stderr", "a"), "two\n");
  assertEquals(await ns.must("logs", "--stderr", "--previous", "a"), "one\n");
  assertEquals(await ns.must("logs", "--stderr", "--run", "-1", "a"), "one\n");
  await shell(`mv ${cwd}/e.log.1 ${cwd}/e.log.7`);
  assertEquals(await ns.must("logs", "--stderr", "--run", "-1", "a"), "one\n");
  const errors = `${ns.logs}/b.err`;
  await ns.must(
    "run",
    "-e",
    errors,
    "b",
    "sh",
    "-c",
    "for i in 1 2 3; do echo $i; echo e$i >&2; sleep 0.1; done",
  );
  assertEquals(await ns.must("logs", "-f", "--stderr", "b"), "e1\ne2\ne3\n");
  assertEquals(await ns.must("logs", "-f", "b"), "1\n2\n3\n");
  await ns.must("run", "c", "true");
  const { code, stderr } = await ns.lanco("logs", "--stderr", "c");
  assertEquals(code, 1);
  assertMatch(stderr, /task c has no file for its standard error/);
});

cgroupTest("--stderr cannot be the log, by whatever name", async (ns) => {
  const traces = await ns.tracesAtRest();
  const log = `${ns.scratch}/x.log`;
  const refused = async (status: number, ...args: string[]) => {
    const { code, stderr } = await ns.lanco("run", ...args, "a", "touch", `${ns.scratch}/ran`);
    assertEquals(code, status, stderr);
    assertMatch(stderr, /the log and --stderr are both ".*": leave --stderr out/);
  };
  await refused(2, "-l", log, "-e", `${ns.scratch}/./x.log`);
  await refused(2, "-e", `${ns.logs}/task-a.log`);
  await shell(`ln -s ${ns.scratch} ${ns.scratch}/link`);
  await refused(1, "-l", log, "-e", `${ns.scratch}/link/x.log`);
  assert(!exists(`${ns.scratch}/ran`) && !exists(log));
  assertEquals(await ns.tracesAtRest(), traces);
});

cgroupTest(
  "a file of --stderr that cannot be written makes run fail, and nothing is left",
  async (ns) => {
    const link = `${ns.scratch}/link`;
    await shell(`ln -s ${ns.scratch}/made ${link}`);
    const traces = await ns.tracesAtRest();
    for (const file of ["/proc/nope.log", "/root/x.log", `${ns.scratch}/no/such`, "/", link]) {
      const { code, stderr } = await ns.lanco("run", "-e", file, "a", "touch", `${ns.scratch}/ran`);
      assertEquals(code, 1);
      assert(stderr.includes(`the file for the standard error "${file}": `), stderr);
      assertMatch(stderr, /with --stderr\n$/);
      assertEquals(stderr.trim().split("\n").length, 1);
    }
    assert(!exists(`${ns.scratch}/ran`) && !exists(`${ns.scratch}/made`));
    assertEquals(await ns.tracesAtRest(), traces);
    // It is made before the command is executed, and taken back.
    await shell(`printf "#!/nope\\n" >${ns.scratch}/bad; chmod +x ${ns.scratch}/bad`);
    const { code } = await ns.lanco("run", "-e", `${ns.scratch}/e`, "a", `${ns.scratch}/bad`);
    assertEquals([code, exists(`${ns.scratch}/e`)], [127, false]);
  },
);

cgroupTest("run -f --stderr leaves the standard output on the terminal", async (ns) => {
  const file = `${ns.scratch}/errors`;
  const line = "echo out; echo err >&2; exit 5";
  const { code, stdout, stderr } = await ns.lanco("run", "-f", "-e", file, "a", "sh", "-c", line);
  assertEquals([code, stdout, stderr], [5, "out\n", ""]);
  assertEquals(Deno.readTextFileSync(file), "err\n");
  assertEquals(ns.record("a").log, null);
  assertEquals(await ns.must("logs", "--stderr", "--run", "0", "a"), "err\n");
  assertMatch((await ns.lanco("logs", "a")).stderr, /task a has no log/);
});

cgroupTest("a batch takes the file for the standard error as a field", async (ns) => {
  const file = `${ns.scratch}/errors`;
  const args = ["a", "sh", "-c", "echo err >&2"];
  const [answer] = await answers(ns, { id: 1, command: "run", stderr: file, args });
  assertEquals([answer?.exitStatus, answer?.output.stderr], [0, file]);
  await ns.gone("a");
  assertEquals(Deno.readTextFileSync(file), "err\n");
});

cgroupTest("forget --logs removes the file of the standard error, too", async (ns) => {
  const file = `${ns.logs}/errors`;
  await ns.must("run", "-e", file, "a", "sh", "-c", "echo err >&2");
  await ns.gone("a");
  await ns.must("forget", "--logs", "a");
  assert(!exists(file) && !exists(`${ns.logs}/task-a.log`));
});
