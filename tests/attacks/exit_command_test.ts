import { assert, assertEquals, assertMatch } from "@std/assert";
import { answersIn } from "../batch.ts";
import {
  cgroupTest,
  exec,
  exists,
  LANCO,
  LEGACY,
  lives,
  OWNER,
  OWNER_GROUP,
  shell,
  until,
} from "../harness.ts";

/** The text that an exit command has left, when it is whole. */
async function left(mark: string): Promise<string> {
  await until("the exit command has run", () => exists(mark));
  return Deno.readTextFileSync(mark);
}

/** A command that leaves what another one prints, whole or not at all. */
function leaving(command: string, mark: string): string {
  return `{ ${command}; } >${mark}.new 2>&1; mv ${mark}.new ${mark}`;
}

cgroupTest("an exit command has the sandbox of who launched its task, and no more", async (ns) => {
  const mark = `${ns.scratch}/mark`;
  const command = leaving(
    "grep -E '^(NoNewPrivs|CapBnd|Seccomp|Uid|Gid|Groups)' /proc/self/status; readlink /proc/self/ns/net /proc/self/ns/uts; ulimit -n; umask; pwd; ls /proc/self/fd | tr '\\n' ' '",
    mark,
  );
  const sandbox = ["setpriv", "--no-new-privs", "--bounding-set=-all", `--reuid=${OWNER}`];
  const line =
    'ulimit -n 99; umask 0137; cd /tmp; readlink /proc/self/ns/net /proc/self/ns/uts; exec "$@"';
  const { code, stdout, stderr } = await exec([
    ...["unshare", "--net", "--uts", "sh", "-c", line, "sh", ...sandbox],
    ...[
      `--regid=${OWNER_GROUP}`,
      "--groups=4,24",
      LANCO,
      ns.name,
      "run",
      "-c",
      command,
      "a",
      "true",
    ],
  ], { uid: 0 });
  assertEquals([code, stderr], [0, ""]);
  const text = await left(mark);
  assertMatch(text, /^NoNewPrivs:\s1$/m);
  assertMatch(text, /^CapBnd:\s0+$/m);
  assertMatch(text, /^Groups:\s4 24 $/m);
  assertEquals(text.split("\n").slice(-6, -1), [
    ...stdout.trim().split("\n"),
    "99",
    "0137",
    "/tmp",
  ]);
  assertMatch(text, /\n0 1 2 3 $/);
});

cgroupTest(
  "the group of init -g is nobody's, neither the task's nor its exit command's",
  async (ns) => {
    await ns.lancoWith({ uid: 0 }, "release");
    Deno.removeSync(ns.logs, { recursive: true });
    await ns.init("-g", "adm");
    const mark = `${ns.scratch}/mark`;
    const ids = "grep -E '^(Gid|Groups)' /proc/self/status";
    await ns.must("run", "-c", leaving(ids, mark), "a", "sh", "-c", `${ids}; exec sleep 1000`);
    const all = () => [...ns.pids("named/task-a"), ...sleeping(ns.directory)];
    await until("it sleeps, with its shim and its exit command", () => all().length === 3);
    for (const pid of all()) {
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      assert(!/^(Gid|Groups):.*\b4\b/m.test(status), status);
    }
    await ns.must("stop", "a");
    assert(!/\b4\b/.test(await left(mark)));
  },
);

/** The exit commands that wait. */
function sleeping(directory: string): number[] {
  const frozenCgroups = `${directory}/${LEGACY ? "freezer" : "unified"}/exits`;
  return [...Deno.readDirSync(frozenCgroups)].filter(({ isDirectory }) => isDirectory).flatMap((
    { name },
  ) =>
    Deno.readTextFileSync(`${frozenCgroups}/${name}/cgroup.procs`).trim().split("\n").map(Number)
  );
}

cgroupTest("kill 0 in an exit command reaches no other's, and no task", async (ns) => {
  const mark = (name: string) => `${ns.scratch}/${name}`;
  await ns.must("run", "-c", `sleep 1; echo done >${mark("b")}`, "b", "true");
  await ns.must("run", "c", "sleep", "1000");
  const killer = `echo begun >${mark("a")}; kill 0; kill -9 0`;
  await ns.must("run", "-c", killer, "a", "true");
  await left(mark("a"));
  assertEquals(await left(mark("b")), "done\n");
  await ns.must("check", "c");
});

cgroupTest(
  "an exit command sleeps, in a session of its own, until its task has ended",
  async (ns) => {
    const mark = `${ns.scratch}/mark`;
    await ns.must("run", "-c", `echo $LANCO_STATUS >${mark}`, "a", "sleep", "1000");
    const [pid = 0, ...more] = sleeping(ns.directory);
    assertEquals(more, []);
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
    assertEquals(fields.slice(2, 4), [String(pid), String(pid)]);
    const ticks = () =>
      Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ").slice(11, 13).join();
    const before = ticks();
    // What its owner does to it before the time comes does no harm but to him.
    await exec(["kill", "-CONT", String(pid)]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assertEquals([ticks(), exists(mark), lives(pid)], [before, false, true]);
    // Nobody reads it off the arguments, or off a file.
    assert(!Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("LANCO_STATUS >"));
    const { stdout: named } = await exec(["grep", "-rl", "LANCO_STATUS", `${ns.directory}/runs`]);
    assertEquals(named, "");
    await ns.must("stop", "a");
    await until("it has run", () => exists(mark) && Deno.readTextFileSync(mark) === "143\n");
    await until("it is gone", () => !lives(pid));
  },
);

cgroupTest("an exit command needs nothing of its record any more when it wakes", async (ns) => {
  const mark = `${ns.scratch}/mark`;
  await ns.must("run", "-c", leaving("echo $LANCO_STATUS", mark), "a", "sleep", "1000");
  // As the next run of the name does, which may be faster.
  Deno.removeSync(ns.runDirectory("a"), { recursive: true });
  await ns.must("stop", "a");
  assertEquals(await left(mark), "143\n");
});

cgroupTest("nothing that lies among the records is run as an exit command", async (ns) => {
  const [mark, evil] = [`${ns.scratch}/mark`, `${ns.scratch}/evil`];
  await ns.must("run", "-c", leaving("echo $LANCO_STATUS", mark), "a", "sleep", "1000");
  const run = ns.runDirectory("a");
  const shim = ns.shim("a");
  // As another process of the owner's may, in a sandbox where it can write here and nowhere else.
  const names = [
    "exit-command",
    "start",
    "environment",
    ...[...Deno.readDirSync(run)].map((e) => e.name),
  ];
  for (const name of names) {
    await shell(`echo 'a[$(touch ${evil})] ; touch ${evil}' >${run}/${name}`);
  }
  for (const pid of [shim, ...ns.task("a")]) Deno.kill(pid, "SIGKILL");
  await until("it has run", () => exists(mark));
  assertEquals([Deno.readTextFileSync(mark), exists(evil)], ["unknown\n", false]);
});

cgroupTest("an exit command writes to the log that its task has opened", async (ns) => {
  const victim = `${ns.scratch}/victim`;
  const log = `${ns.logs}/task-a.log`;
  for (const target of [victim, `${ns.scratch}/made`]) {
    await shell(`echo precious >${victim}`);
    await ns.must(
      "run",
      "-c",
      "echo $LANCO_STATUS; echo error >&2",
      "a",
      "sh",
      "-c",
      "echo task; sleep 1000",
    );
    await until("it has written", () => ns.log("a") === "task\n");
    await shell(`mv ${log} ${log}.9; ln -s ${target} ${log}`);
    await ns.must("stop", "--now", "a");
    await until(
      "the exit command has written",
      () => Deno.readTextFileSync(`${log}.9`).includes("error"),
    );
    assertEquals(Deno.readTextFileSync(`${log}.9`), "task\n137\nerror\n");
    assertEquals([Deno.readTextFileSync(victim), exists(`${ns.scratch}/made`)], [
      "precious\n",
      false,
    ]);
    await shell(`rm ${log} ${log}.9`);
  }
});

cgroupTest("release -n writes nothing where a link leads", async (ns) => {
  const [victim, mark] = [`${ns.scratch}/victim`, `${ns.scratch}/mark`];
  await shell(`echo precious >${victim}`);
  await ns.must("run", "-c", `touch ${mark}`, "a", "sleep", "1000");
  await exec(["mv", ns.agent, `${ns.agent}.gone`], { uid: 0 });
  await shell(`ln -s ${victim} ${ns.runDirectory("a")}/no-exit`);
  const [waiting = 0] = sleeping(ns.directory);
  for (const pid of ns.task("a")) Deno.kill(pid, "SIGKILL");
  await until("it has ended", () => ns.pids("named/task-a").length === 0);
  await ns.lanco("release", "-n", "a");
  await until("what waited is gone", () => !lives(waiting));
  assert(!exists(mark));
  assertEquals(Deno.readTextFileSync(victim), "precious\n");
});

cgroupTest("an exit command that is too long is refused", async (ns) => {
  const requests = ["x".repeat(200_000), "x".repeat(120_000)].map((tail, id) =>
    JSON.stringify({ id, command: "run", args: ["-c", `true ${tail}`, `t${id}`, "true"] })
  );
  const { stdout } = await exec([LANCO, ns.name, "batch"], { stdin: requests.join("\n") });
  const answers = answersIn(stdout);
  assertEquals(answers.map(({ id, exitStatus }) => [id, exitStatus]).sort(), [[0, 1], [1, 0]]);
  assertMatch(stdout, /the exit command has more than 131000 bytes/);
});
