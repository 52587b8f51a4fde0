import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  cgroupTest,
  descriptors,
  exec,
  LANCO,
  shell,
  start,
  type TestNamespace,
  until,
} from "../harness.ts";

/** Runs a task that prints the lines of a file as they are written, until one is "end". */
async function speaker(ns: TestNamespace, task: string, ...options: string[]) {
  const script = `${ns.scratch}/${task}.fifo`;
  await exec(["mkfifo", script]);
  const loop =
    `exec 3<>${script}; while read -r line <&3 && [ "$line" != end ]; do echo "$line"; done`;
  await ns.must("run", ...options, task, "sh", "-c", loop);
  return (line: string) => shell(`echo '${line}' >${script}`);
}

/** A process that follows a log, and what it has printed. */
class Follower {
  stdout = "";
  stderr = "";
  readonly process: Deno.ChildProcess;
  readonly #done: Promise<unknown>;

  constructor(ns: TestNamespace, ...args: string[]) {
    this.process = start([LANCO, ns.name, "logs", "-f", ...args], {
      stdout: "piped",
      stderr: "piped",
    });
    const collect = async (
      stream: ReadableStream<Uint8Array<ArrayBuffer>>,
      key: "stdout" | "stderr",
    ) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this[key] += text;
    };
    this.#done = Promise.all([
      collect(this.process.stdout, "stdout"),
      collect(this.process.stderr, "stderr"),
    ]);
  }

  /** Waits until the process has shown the existing lines, and watches the log. */
  begun(): Promise<void> {
    return until("it follows", () => descriptors(this.process.pid, "inotify") > 0);
  }

  shown(text: string): Promise<void> {
    return until(`"${text}" is shown`, () => this.stdout.includes(text));
  }

  async ended(): Promise<number> {
    const { code } = await this.process.status;
    await this.#done;
    return code;
  }
}

cgroupTest("logs shows the whole log, its last lines, or the log of the run before", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "echo one; echo two; echo three");
  await ns.gone("a");
  assertEquals(await ns.must("logs", "a"), "one\ntwo\nthree\n");
  assertEquals(await ns.must("logs", "-n", "2", "a"), "two\nthree\n");
  assertEquals(await ns.must("logs", "-n0", "a"), "");
  assertEquals(await ns.must("logs", "-f", "a"), "one\ntwo\nthree\n");
  for (const text of ["second", "third"]) {
    await ns.must("run", "a", "echo", text);
    await ns.gone("a");
  }
  assertEquals(await ns.must("logs", "a"), "third\n");
  assertEquals(await ns.must("logs", "--previous", "a"), "second\n");
  assertEquals(await ns.must("logs", "--previous=2", "-n1", "a"), "three\n");
  const { code, stderr } = await ns.lanco("logs", "--previous=3", "a");
  assertEquals(code, 1);
  assertMatch(stderr, /there is no log ".*task-a\.log\.3"/);
});

cgroupTest("logs prints bytes unchanged, and large logs whole", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "printf '\\377\\0x\\n'; head -c 3000000 /dev/zero");
  await ns.gone("a");
  const { stdout } = await shell(
    `${LANCO} ${ns.name} logs a | cmp - ${ns.logs}/task-a.log && echo same`,
  );
  assertEquals(stdout, "same\n");
});

cgroupTest("logs shows and follows a file chosen with -l in the same way", async (ns) => {
  const log = `${ns.scratch}/own.log`;
  const say = await speaker(ns, "a", "-l", log);
  const [follower, last] = [new Follower(ns, "a"), new Follower(ns, "-n0", "a")];
  await last.begun();
  for (const line of ["one", "two"]) {
    await say(line);
    await follower.shown(`${line}\n`);
  }
  assertEquals(await ns.must("logs", "a"), "one\ntwo\n");
  assertEquals(await ns.must("logs", "-n", "1", "a"), "two\n");
  assertEquals(await ns.must("logs", "-n", "0", "a"), "");
  await shell(`: >${log}`);
  await say("x");
  await follower.shown("x\n");
  await shell(`mv ${log} ${log}.1; echo created >${log}`);
  await follower.shown("created\n");
  await say("moved");
  await follower.shown("moved\n");
  await say("end");
  assertEquals([await follower.ended(), await last.ended()], [0, 0]);
  assertEquals(follower.stdout, "one\ntwo\nx\ncreated\nmoved\n");
  assertMatch(follower.stderr, /has been truncated/);
  // The order of lines that were written to two files at the same time is not known.
  const lines = (text: string) => text.split("\n").sort();
  assertEquals(lines(last.stdout), lines(follower.stdout));
  assertEquals((await ns.lancoWith({ uid: 0 }, "logs", "a")).stdout, "created\n");
  Deno.chmodSync(`${log}.1`, 0o600);
  assertEquals((await ns.lancoWith({ uid: 1 }, "logs", "--previous", "a")).code, 6);
  const full = await shell(`${LANCO} ${ns.name} logs --previous a >/dev/full`);
  assertEquals(full.code, 1);
  assertMatch(full.stderr, /cannot write to standard output/);
  const piped = await shell(`{ ${LANCO} ${ns.name} logs --previous a; echo $? >&2; } | true`);
  assertEquals(piped, { code: 0, stdout: "", stderr: "0\n" });
});

cgroupTest("logs -f shows all output until the task has ended, and then ends", async (ns) => {
  const say = await speaker(ns, "a");
  await say("before");
  await until("it is written", () => ns.log("a") === "before\n");
  const [whole, last] = [new Follower(ns, "a"), new Follower(ns, "-n", "0", "a")];
  await whole.shown("before\n");
  await last.begun();
  for (const line of ["one", "two"]) {
    await say(line);
    await whole.shown(`${line}\n`);
  }
  await say("three");
  await say("end");
  assertEquals([await whole.ended(), await last.ended()], [0, 0]);
  assertEquals(whole.stdout, "before\none\ntwo\nthree\n");
  assertEquals(last.stdout, "one\ntwo\nthree\n");
  assertEquals(whole.stderr, "");
});

cgroupTest("logs -f loses nothing of a task that writes much and ends at once", async (ns) => {
  await ns.must("run", "a", "sh", "-c", "sleep 0.5; seq 200000; echo last");
  const follower = new Follower(ns, "a");
  assertEquals(await follower.ended(), 0);
  assertEquals(follower.stdout, ns.log("a"));
  assertStringIncludes(follower.stdout, "\n200000\nlast\n");
});

cgroupTest(
  "logs -f follows a log that is moved away, and the log that takes its place",
  async (ns) => {
    const say = await speaker(ns, "a");
    const follower = new Follower(ns, "a");
    await say("one");
    await follower.shown("one\n");
    const log = `${ns.logs}/task-a.log`;
    await shell(`mv ${log} ${log}.1`);
    // The task goes on writing to the file that it has opened.
    await say("two");
    await follower.shown("two\n");
    await shell(`echo created >${log}`);
    await follower.shown("created\n");
    await say("three");
    await follower.shown("three\n");
    await say("end");
    assertEquals(await follower.ended(), 0);
    assertEquals(follower.stdout, "one\ntwo\ncreated\nthree\n");
  },
);

cgroupTest(
  "logs -f follows a log that is truncated, as logrotate's copytruncate does",
  async (ns) => {
    const say = await speaker(ns, "a");
    const follower = new Follower(ns, "a");
    await say("a line before");
    await follower.shown("before\n");
    await shell(`: >${ns.logs}/task-a.log`);
    await say("after");
    await follower.shown("after\n");
    await say("end");
    assertEquals(await follower.ended(), 0);
    assertEquals(follower.stdout, "a line before\nafter\n");
    assertMatch(follower.stderr, /\[WARN\/logs\] the log ".*" has been truncated/);
  },
);

cgroupTest("logs -f shows a deleted log until the task has ended", async (ns) => {
  const say = await speaker(ns, "a");
  const follower = new Follower(ns, "a");
  await say("one");
  await follower.shown("one\n");
  Deno.removeSync(`${ns.logs}/task-a.log`);
  await say("two");
  await follower.shown("two\n");
  await say("end");
  assertEquals(await follower.ended(), 0);
  assertMatch(follower.stderr, /\[WARN\/logs\] the log ".*" was renamed or removed/);
});

cgroupTest("logs -f of a removed log warns, and waits for another log", async (ns) => {
  const say = await speaker(ns, "a");
  await say("one");
  await until("it is written", () => ns.log("a") === "one\n");
  const log = `${ns.logs}/task-a.log`;
  await shell(`rm ${log}`);
  const follower = new Follower(ns, "-n", "5", "a");
  const told = () => /\[WARN\/logs\] there is no log ".*": it was removed/.test(follower.stderr);
  await until("it has said so", told);
  await shell(`echo another >${log}`);
  await follower.shown("another\n");
  await say("end");
  assertEquals(await follower.ended(), 0);
  assertEquals(follower.stdout, "another\n");
});

cgroupTest(
  "logs -f of a removed log fails if the task ends and there is no other log",
  async (ns) => {
    const say = await speaker(ns, "a");
    await shell(`rm ${ns.logs}/task-a.log`);
    const follower = new Follower(ns, "a");
    await until("it has said so", () => follower.stderr.includes("it was removed"));
    await say("end");
    assertEquals([await follower.ended(), follower.stdout], [1, ""]);
    assertMatch(follower.stderr, /\[ERROR\/logs\] there is no log ".*": it was removed, or never/);
  },
);

cgroupTest("logs -f ends when the task is stopped and the namespace released", async (ns) => {
  const say = await speaker(ns, "a");
  const follower = new Follower(ns, "a");
  await say("one");
  await follower.shown("one\n");
  await ns.must("stop", "--now", "a");
  await ns.gone("a");
  assertEquals((await exec([LANCO, ns.name, "release"], { uid: 0 })).code, 0);
  assertEquals([await follower.ended(), follower.stderr], [0, ""]);
  // The log is still there when its namespace has been released.
  assertEquals(await ns.must("logs", "a"), "one\n");
  assertEquals((await ns.lanco("logs", "b")).code, 5);
});

cgroupTest("logs ends without a message when its reader is gone", async (ns) => {
  const say = await speaker(ns, "a");
  await say("one");
  await until("it is written", () => ns.log("a") === "one\n");
  const line = `{ ${LANCO} ${ns.name} logs -f a; echo $? >${ns.scratch}/status; } | head -n 1`;
  const piped = shell(line);
  await until("the line is shown", () => ns.log("a") === "one\n");
  for (let i = 0; i < 3; i++) await say("more");
  const over = async () => {
    await say("more");
    try {
      return Deno.readTextFileSync(`${ns.scratch}/status`) === "0\n";
    } catch {
      return false;
    }
  };
  await until("it has noticed", over);
  assertEquals(await piped, { code: 0, stdout: "one\n", stderr: "" });
  const all = await shell(`{ ${LANCO} ${ns.name} logs a; echo $? >&2; } | true`);
  assertEquals(all, { code: 0, stdout: "", stderr: "0\n" });
});

cgroupTest("logs fails with a reason if it cannot show a log", async (ns) => {
  await ns.must("run", "import", "true");
  await ns.lanco("run", "-f", "silent", "true");
  const cases: [string[], number, RegExp][] = [
    [[], 2, /which task/],
    [["a", "b"], 2, /which task/],
    [["-n", "x", "import"], 2, /-n needs a whole number/],
    [["--previous=0", "import"], 2, /--previous needs a whole number from 1/],
    [["-f", "--previous", "import"], 2, /-f follows what is written now.*: leave one out/],
    [["imprt"], 3, /nothing is known of task imprt, did you mean "import"\?/],
    [["silent"], 1, /task silent has no log, its output went to its caller: see run -L/],
  ];
  for (const [args, status, text] of cases) {
    const { code, stdout, stderr } = await ns.lanco("logs", ...args);
    assertEquals([code, stdout], [status, ""], args.join(" "));
    assertMatch(stderr, text);
  }
  await ns.gone("import");
  const stranger = await ns.lancoWith({ uid: 1 }, "logs", "import");
  assertEquals(stranger.code, 6);
  assertMatch(stranger.stderr, /the records of namespace .* are for its owner and group only: ask/);
  Deno.removeSync(`${ns.logs}/task-import.log`);
  for (const args of [["import"], ["-f", "import"]]) {
    const { code, stderr } = await ns.lanco("logs", ...args);
    assertEquals(code, 1);
    assertMatch(stderr, /there is no log ".*": it was removed, or never written/);
  }
});
