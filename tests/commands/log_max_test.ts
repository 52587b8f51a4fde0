import { assert, assertEquals, assertMatch } from "@std/assert";
import { answers } from "../batch.ts";
import { cgroupTest, exec, exists, LANCO, lives, OWNER, shell, until } from "../harness.ts";
import { runWhereShells } from "../faults/shells.ts";
import { bounders, dropped } from "./bounders.ts";
import { readDrops } from "../../src/task/drops.ts";
import { assertConsecutive, assertFollowed, LINE, numbers } from "./numbers.ts";

const MIB = 2 ** 20;

cgroupTest("run --log-max keeps the newest output, and loses nothing of it", async (ns) => {
  // Some seconds of a writer at full speed, on a log of which the head is dropped again and again.
  await ns.must("run", "--log-max", "2M", "a", ...numbers(4_000_000, 20e6));
  const cuts = new Set<number>();
  await until("it has ended", () => {
    cuts.add(dropped(ns, "a"));
    return !exists(`${ns.directory}/named/task-a`);
  }, 120_000);
  await until("nothing bounds the log any more", () => bounders(ns).length === 0);
  assert(cuts.size > 2, String([...cuts]));
  const { stdout, stderr } = await ns.lanco("logs", "a");
  const { first, last } = assertConsecutive(stdout);
  assertEquals(last, 3_999_999);
  assert(stdout.length > 2 * MIB - LINE && stdout.length < 2 * MIB + 3 * 65_536);
  const before = new RegExp(`the first ${first * LINE} bytes of this output have been dropped`);
  assertMatch(stderr, before);
  assertEquals(
    (await ns.must("logs", "-n", "2", "a")).split("\n")[1],
    String(last).padStart(15, "0"),
  );
  const status = JSON.parse(await ns.must("status", "--json", "a"));
  assertEquals(status.logMax, 2 * MIB);
  assert(status.logSize >= stdout.length && status.logSize <= stdout.length + 65_536);
  assertMatch(await ns.must("status", "a"), /^ {2}log +\S+, 2\.\d MiB\n {2}log-max +2\.0 MiB$/m);
  assertMatch(await ns.must("ls", "-al", "a"), /^ │ {2}log 2\.\d MiB$/m);
  // The next run has a log of its own.
  await ns.must("run", "--log-max", "2M", "a", "echo", "next");
  await ns.gone("a");
  assertEquals(await ns.must("logs", "a"), "next\n");
  const previous = await ns.lanco("logs", "--previous", "a");
  assertEquals(previous.stdout, stdout);
  assertMatch(previous.stderr, before);
});

cgroupTest("logs -f goes on over a cut, without a gap or a line twice", async (ns) => {
  for (const log of [`${ns.logs}/f.log`, `${ns.scratch}/f.log`, `/dev/shm/${ns.name}.log`]) {
    const writer = numbers(1_000_000, 4e6);
    await ns.must("run", "-l", log, "--log-max", "512K", "a", ...writer);
    const { code, stdout, stderr } = await ns.lanco("logs", "-f", "a");
    assertEquals(code, 0);
    const notices = [...stderr.matchAll(/ (\d+) bytes (were|of this output have been) dropped/g)];
    const end = assertFollowed(stdout, notices.map(([, bytes]) => Number(bytes)));
    assertEquals(end, 1_000_000 * LINE);
    assert(dropped(ns, "a") > 8 * MIB);
    // It is shown from a whole line on, whether the head was taken out or has become a hole.
    const { last } = assertConsecutive((await ns.lanco("logs", "a")).stdout);
    assertEquals(last, 999_999);
    await shell(`rm -f ${log}*`);
  }
});

cgroupTest(
  "what bounds a log needs neither the shim nor lanĉo, and ends with the run",
  async (ns) => {
    const own = `${ns.scratch}/lanco`;
    await exec(["install", "-m", "755", LANCO, own], { uid: 0 });
    const words = ["run", "--log-max", "1M", "a", ...numbers(3_000_000, 4e6)];
    assertEquals((await exec([own, ns.name, ...words])).code, 0);
    Deno.removeSync(own);
    Deno.kill(ns.shim("a"), "SIGKILL");
    const [pid = 0, ...more] = bounders(ns);
    assertEquals(more, []);
    const size = () => Deno.statSync(`${ns.logs}/task-a.log`).size;
    await until("the head was dropped twice", () => dropped(ns, "a") > 4 * MIB);
    assert(size() < 30 * MIB);
    // It is no member of the task, and is not stopped with it, but ends.
    assert(!ns.task("a").includes(pid) && !ns.members("a").includes(pid));
    await ns.must("stop", "--now", "a");
    await until("it has ended", () => !lives(pid));
    assertConsecutive((await ns.lanco("logs", "a")).stdout);
    // What a command has left goes on after it.
    const orphan = `setsid "$@" & exit 0`;
    await ns.must(
      "run",
      "--log-max",
      "1M",
      "b",
      "sh",
      "-c",
      orphan,
      "sh",
      ...numbers(2_000_000, 4e6),
    );
    await until("the head was dropped twice", () => dropped(ns, "b") > 4 * MIB);
    assertEquals(bounders(ns).length, 1);
    await ns.must("stop", "b");
    await until("it has ended", () => bounders(ns).length === 0);
    // A run that writes nothing.
    await ns.must("run", "--log-max", "1M", "c", "true");
    await ns.gone("c");
    await until("it has ended", () => bounders(ns).length === 0);
    assertEquals(await ns.must("logs", "c"), "");
    await until("its cgroup is gone", () => !ns.traces().some((path) => path.includes("/exit-")));
  },
);

cgroupTest("a command that ends at once leaves its log bounded for others", async (ns) => {
  // What bounds the log is slow to enter the cgroup of the run, behind which it heeds signals.
  const hit = { effect: 1000, call: "chdir", n: 1 } as const;
  const orphan = ["sh", "-c", `setsid "$@" & exit 0`, "sh", ...numbers(2_000_000, 4e6)];
  const { code, stderr } = await runWhereShells(hit, ns, "--log-max", "1M", "a", ...orphan);
  assertEquals([code, stderr], [0, ""]);
  await until("the head was dropped twice", () => dropped(ns, "a") > 4 * MIB);
  assertEquals(bounders(ns).length, 1);
  await ns.must("stop", "--now", "a");
  await until("its cgroup is gone", () => !ns.traces().some((path) => path.includes("/exit-")));
});

cgroupTest(
  "a log that is renamed, removed or replaced is bounded, and no other file",
  async (ns) => {
    const log = `${ns.scratch}/a.log`;
    const other = "x".repeat(4 * MIB);
    await ns.must("run", "-l", log, "--log-max", "256K", "a", ...numbers(3_000_000, 4e6));
    await until("it is bounded", () => dropped(ns, "a") > 0);
    Deno.renameSync(log, `${log}.1`);
    Deno.writeTextFileSync(log, other);
    Deno.chownSync(log, OWNER, 60);
    const before = dropped(ns, "a");
    await until("it is bounded further", () => dropped(ns, "a") > before + MIB);
    Deno.removeSync(`${log}.1`);
    const removed = dropped(ns, "a");
    await until("it is bounded further", () => dropped(ns, "a") > removed + MIB);
    assertEquals(Deno.readTextFileSync(log), other);
    const [pid = 0] = ns.task("a");
    assert(Deno.statSync(`/proc/${pid}/fd/1`).blocks ?? 0 < 30 * MIB / 512);
    await ns.must("stop", "--now", "a");
    assertEquals(Deno.readTextFileSync(log), other);
  },
);

cgroupTest("a log that is truncated is bounded again", async (ns) => {
  for (const log of [`${ns.scratch}/a.log`, `/dev/shm/${ns.name}.log`]) {
    await ns.must("run", "-l", log, "--log-max", "256K", "a", ...numbers(3_000_000, 4e6));
    await until("it is bounded", () => dropped(ns, "a") > 0);
    Deno.truncateSync(log);
    const { removed = 0 } = readDrops(ns.runDirectory("a"), "log") ?? {};
    await until("it is bounded again", () => {
      const now = readDrops(ns.runDirectory("a"), "log");
      return now !== undefined && now.removed + now.hole > removed + MIB && now.cutting === 0;
    });
    await ns.must("stop", "--now", "a");
    await shell(`rm -f ${log}*`);
  }
});

cgroupTest("run --log-max bounds the file for the standard error, too", async (ns) => {
  const errors = `${ns.scratch}/errors`;
  const words = numbers(1_000_000, 8e6, "errors");
  await ns.must("run", "-e", errors, "--log-max", "256K", "a", ...words);
  assertEquals(bounders(ns).length, 2);
  await until("both have ended", () => bounders(ns).length === 0, 60_000);
  const { stdout } = await ns.lanco("logs", "--stderr", "a");
  assertEquals(assertConsecutive(stdout).last, 999_999);
  assert(stdout.length < 256 * 1024 + 3 * 65_536);
  assertEquals([dropped(ns, "a"), dropped(ns, "a", "stderr") > 8 * MIB], [0, true]);
});

cgroupTest("a full disk is freed by what is dropped", async (ns) => {
  const disk = `${ns.scratch}/disk`;
  await shell(`mkdir ${disk}`);
  const run = [LANCO, ns.name, "run", "-l", `${disk}/a.log`, "--log-max", "256K", "a"];
  const line = `mount -t tmpfs -o size=4m,mode=777 none ${disk} && exec setpriv "$@"`;
  const identity = [`--reuid=${OWNER}`, "--regid=60", "--clear-groups"];
  const words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", line, "sh"];
  const whole = [...words, ...identity, ...run, ...numbers(1_000_000, 1e9)];
  assertEquals((await exec(whole, { uid: 0 })).stderr, "");
  // Sixteen megabytes have gone through a disk of four.
  assertEquals((await ns.lanco("wait", "-t", "100", "a")).code, 0);
  assert(dropped(ns, "a") > 14 * MIB);
});

cgroupTest("what cannot be bounded is refused, and nothing is left", async (ns) => {
  const traces = await ns.tracesAtRest();
  const refused = async (why: RegExp, status: number, ...args: string[]) => {
    const { code, stderr } = await ns.lanco("run", ...args, "a", "touch", `${ns.scratch}/ran`);
    assertEquals([code, stderr.trim().split("\n").length], [status, 1], stderr);
    assertMatch(stderr, why);
  };
  for (const size of ["-1", "0", "1", "65535", "63K", "1e9", "5x", "50%", "17T"]) {
    await refused(/option --log-max needs (at least 64K|a size such as)/, 2, `--log-max=${size}`);
  }
  await refused(/--log-max has no log to keep small/, 2, "-f", "--log-max", "1M");
  await refused(/it is not a regular file/, 1, "-l", "/dev/null", "--log-max", "1M");
  // A log that cannot be rotated has the output of others.
  await exec([
    "sh",
    "-c",
    'mkdir "$0" && echo others >"$0/log" && chmod 666 "$0/log"',
    `${ns.scratch}/ro`,
  ], {
    uid: 0,
  });
  const shared = `${ns.scratch}/ro/log`;
  await refused(
    /it has 7 bytes of others, and could not be rotated/,
    1,
    "-l",
    shared,
    "--log-max",
    "1M",
  );
  assertEquals(Deno.readTextFileSync(shared), "others\n");
  const limited = async (bytes: number, log: string) => {
    const run = [LANCO, ns.name, "run", "-l", log, "--log-max", "1M", "a", "true"];
    const { code, stderr } = await exec(["prlimit", `--fsize=${bytes}`, ...run]);
    await until("nothing is left", () => bounders(ns).length === 0);
    return [code, /RLIMIT_FSIZE, "ulimit -f"\) is \d+ bytes/.test(stderr)];
  };
  const log = `${ns.scratch}/log`;
  assertEquals(await limited(MIB, log), [1, true]);
  assertEquals(await limited(MIB * 100, `/dev/shm/${ns.name}.log`), [1, true]);
  assert(!exists(log) && !exists(`/dev/shm/${ns.name}.log`));
  assert(!exists(`${ns.scratch}/ran`));
  assertEquals(await ns.tracesAtRest(), traces);
  assertEquals(await limited(MIB * 100, log), [0, false]);
  await ns.gone("a");
});

cgroupTest("a limit on the size of files is not reached by what was dropped", async (ns) => {
  const run = [LANCO, ns.name, "run", "--log-max", "1M", "a", ...numbers(4_000_000, 4e6)];
  const { code, stderr } = await exec(["prlimit", `--fsize=${32 * MIB}`, ...run]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals((await ns.lanco("wait", "a")).code, 0);
  assertEquals(assertConsecutive((await ns.lanco("logs", "a")).stdout).last, 3_999_999);
});

cgroupTest("init --log-max bounds the logs of a namespace, and max lifts that", async (ns) => {
  const init = async (...options: string[]) => {
    const words = [LANCO, ns.name, "init", "-u", String(OWNER), "-g", "60", ...options];
    const { code, stdout, stderr } = await exec(words, { uid: 0 });
    assertEquals(code, 0, stderr);
    return stdout;
  };
  const bound = async (...options: string[]) => {
    const output = JSON.parse(await ns.must("run", "--json", ...options, "a", "true"));
    await ns.gone("a");
    return output.logMax;
  };
  assertEquals(await bound(), null);
  assertEquals(await init("--log-max", "1M"), "--log-max 1048576, was max\n");
  assertEquals(await init(), "");
  assertEquals(await init("--log-max", "1024K"), "");
  assertEquals(await bound(), MIB);
  assertEquals(await bound("--log-max", "64k"), 65_536);
  assertEquals(await bound("--log-max", "max"), null);
  // What has nothing to be bounded is not refused by default.
  assertEquals(await bound("-l", "/dev/null"), MIB);
  assertEquals((await ns.lanco("run", "-f", "a", "true")).code, 0);
  assertEquals(await init("--log-max", "max"), "--log-max max, was 1048576\n");
  assertEquals(await bound(), null);
  const { code, stderr } = await exec([LANCO, ns.name, "init", "--log-max", "1K"], { uid: 0 });
  assertEquals(code, 2);
  assertMatch(stderr, /option --log-max needs at least 64K, not "1K"/);
  await until("nothing bounds a log any more", () => bounders(ns).length === 0);
});

cgroupTest("a bound goes with an exit command, a time limit and a batch", async (ns) => {
  const words = numbers(10_000_000, 8e6);
  const request = { logMax: "256K", timeout: "3s", exitCommand: "echo exit $LANCO_STATUS" };
  const [answer] = await answers(ns, { id: 1, command: "run", args: ["a", ...words], ...request });
  assertEquals([answer?.exitStatus, answer?.output.logMax], [0, 256 * 1024]);
  await until("the exit command has run", () => ns.log("a").endsWith("exit timed out\n"), 60_000);
  assert(dropped(ns, "a") > 4 * MIB && ns.log("a").length < 30 * MIB);
  await until(
    "all has ended",
    async () => (await ns.tracesAtRest()).every((path) => !path.includes("/named/")),
  );
  assertEquals(ns.task("a"), []);
});

cgroupTest("release does not take what bounds a log for a task", async (ns) => {
  for (let round = 0; round < 3; round++) {
    await ns.must("run", "--log-max", "64K", "a", "sleep", "1000");
    Deno.kill(ns.shim("a"), "SIGKILL");
    await ns.must("stop", "--now", "a");
    await ns.gone("a");
    const { code, stderr } = await exec([LANCO, ns.name, "release"], { uid: 0 });
    assertEquals([code, stderr], [0, ""]);
    await ns.init();
  }
});
