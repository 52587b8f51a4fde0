import { assert, assertEquals, assertMatch } from "@std/assert";
import { answersIn } from "../batch.ts";
import {
  cgroupTest,
  exec,
  type ExecOptions,
  exists,
  identity,
  LANCO,
  OWNER,
  OWNER_GROUP,
  type Result,
  STRANGER,
  type TestNamespace,
  until,
} from "../harness.ts";

/** Runs `lanco <namespace> <args>` as root. */
function asRoot(ns: TestNamespace, args: string[], options: ExecOptions = {}): Promise<Result> {
  return ns.lancoWith({ ...options, uid: 0 }, ...args);
}

cgroupTest("root launches nothing in a user's namespace", async (ns) => {
  const mark = `${ns.scratch}/ran`;
  const before = await ns.tracesAtRest();
  const run = [LANCO, ns.name, "run"];
  const terminal = ["script", "-qec", `${run.join(" ")} -f a touch ${mark}`, "/dev/null"];
  const tries: [string[], ExecOptions][] = [
    [[...run, "a", "touch", mark], {}],
    [[LANCO, ns.name, "start", "--json", "a", "touch", mark], {}],
    [[...run, "-c", `touch ${mark}`, "-f", "a", "touch", mark], { stdin: "" }],
    // With root's terminal as its own, a task could type commands into it (TIOCSTI).
    [terminal, {}],
  ];
  for (const [words, options] of tries) {
    const { code, stdout, stderr } = await exec(words, { ...options, uid: 0 });
    assertEquals(code, 6, stdout + stderr);
    assertMatch(
      stdout + stderr,
      /root launches nothing for games: use "sudo -u games lanco .* run/,
    );
  }
  const jobs = ["run", "start"].map((command) =>
    JSON.stringify({ id: command, command, args: ["a", "touch", mark] }) + "\n"
  ).join("");
  const { code, stdout } = await asRoot(ns, ["batch"], { stdin: jobs });
  const answers = answersIn(stdout);
  assertEquals([code, ...answers.map(({ exitStatus }) => exitStatus)], [0, 6, 6]);
  assertEquals(ns.traces(), before);
  assert(!exists(mark));
  // In a namespace of root's own, root can launch.
  await asRoot(ns, ["release"]);
  await exec(["rm", "-rf", ns.logs], { uid: 0 });
  assertEquals((await asRoot(ns, ["init", "-u", "root"])).code, 0);
  assertEquals((await asRoot(ns, ["run", "-f", "a", "touch", mark])).code, 0);
  assert(exists(mark));
});

cgroupTest("every command does for root what it does for the owner", async (ns) => {
  const expect = async (args: string[], status: number, out: RegExp, options?: ExecOptions) => {
    const { code, stdout, stderr } = await asRoot(ns, args, options);
    assertEquals(code, status, `${args.join(" ")}: ${stderr}`);
    assertMatch(stdout + stderr, out, args.join(" "));
  };
  await ns.must("run", "a", "sh", "-c", "echo hello; exec sleep 1000");
  await ns.must("run", "b", "sleep", "1000");
  await expect(["check", "a"], 0, /^$/);
  await expect(["check", "nope"], 3, /^$/);
  await expect(["ls", "-a"], 0, /├ a\n.*sleep 1000 \n/);
  await expect(["status", "a"], 0, /^a: running\n/);
  await expect(["logs", "a"], 0, /^hello\n$/);
  await expect(["dump"], 0, /"command":\["sleep","1000"\]/);
  await expect(["metrics"], 0, /^lanco_task_cpu_seconds_total\{/m);
  await expect(["top", "--once"], 0, /^a +running/m);
  await expect(["pause", "a"], 0, /^$/);
  await expect(["status", "a"], 0, /^a: paused\n/);
  await expect(["resume", "a"], 0, /^$/);
  await expect(["signal", "CONT", "a"], 0, /^$/);
  await expect(["wait", "-t", "0", "a"], 124, /^$/);
  await expect(["batch"], 0, /"running":true/, { stdin: '{"command":"check","args":["a"]}\n' });
  await expect(["stop", "a"], 0, /^$/);
  await expect(["kill", "--now", "b"], 0, /^$/);
  await expect(["wait", "a"], 143, /^$/);
  await expect(["release", "a"], 3, /task a is not running/);
  await expect(["frobnicate"], 2, /unknown command/);
  assertEquals(JSON.parse(await ns.must("status", "--json", "a")).stopped.by, "root");
});

cgroupTest("root's release of a task runs the exit command as the owner", async (ns) => {
  const mark = `${ns.scratch}/mark`;
  await ns.must("run", "-c", `id -u >${mark}.new; mv ${mark}.new ${mark}`, "a", "sleep", "1000");
  // The agent never comes.
  await exec(["mv", ns.agent, `${ns.agent}.gone`], { uid: 0 });
  for (const pid of ns.task("a")) Deno.kill(pid, "SIGKILL");
  await until("it has ended", () => ns.pids("named/task-a").length === 0);
  assertEquals((await asRoot(ns, ["release", "a"])).code, 0);
  await until("the exit command has run", () => exists(mark));
  assertEquals(Deno.readTextFileSync(mark), `${OWNER}\n`);
});

cgroupTest("root is told that the owner may not execute lanco, and where to put it", async (ns) => {
  const directory = `${ns.scratch}/closed`;
  await exec(["install", "-d", "-m", "0700", "-o", "0", "-g", "0", directory], { uid: 0 });
  await exec(["cp", LANCO, `${directory}/lanco`], { uid: 0 });
  const { code, stderr } = await exec([`${directory}/lanco`, ns.name, "ls"], { uid: 0 });
  assertEquals(code, 6);
  assertMatch(stderr, /games may not execute .*closed\/lanco: put it where they may/);
  // The owner may execute it by the primary group, whose id differs from the user id.
  await exec(["chgrp", String(OWNER_GROUP), directory, `${directory}/lanco`], { uid: 0 });
  await exec(["chmod", "0750", directory, `${directory}/lanco`], { uid: 0 });
  assertEquals((await exec([`${directory}/lanco`, ns.name, "ls"], { uid: 0 })).code, 0);
});

cgroupTest(
  "nobody overwrites a file of root's by exchanging directories under root's commands",
  async (ns) => {
    const precious = `${ns.scratch}/precious`;
    await exec(["install", "-m", "0600", "-o", "0", "/etc/passwd", precious], { uid: 0 });
    const before = Deno.readTextFileSync(precious);
    const script = new URL("exchange.py", import.meta.url).pathname;
    const code = Deno.readTextFileSync(script);
    const swapper = new Deno.Command("setpriv", {
      args: [
        ...[...identity(OWNER), "/usr/bin/python3", "-c", code],
        ...[`${ns.directory}/runs`, precious, ns.logs],
      ],
      cwd: "/",
    }).spawn();
    try {
      const end = Date.now() + 5000;
      while (Date.now() < end) {
        await ns.lanco("run", "-c", "true", "a", "sleep", "1000");
        for (const words of [["pause", "a"], ["stop", "-t", "1", "a"], ["release", "a"]]) {
          const { stderr } = await asRoot(ns, words);
          assert(!/unexpected/.test(stderr) || /os error/.test(stderr), stderr);
        }
      }
    } finally {
      swapper.kill("SIGKILL");
      await swapper.status;
    }
    assertEquals(Deno.readTextFileSync(precious), before);
    const found = await exec(["find", ns.logs, ns.scratch, "-user", "root", "-newer", precious], {
      uid: 0,
    });
    assertEquals(found.stdout, "");
  },
);

cgroupTest(
  "a stranger can do nothing in a namespace, not even with LANCO_FOR_ROOT set",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const commands = [["run", "b", "true"], ["stop", "a"], ["stop", "--now", "a"], ["pause", "a"]];
    for (const args of [...commands, ["signal", "TERM", "a"], ["status", "a"], ["logs", "a"]]) {
      const env = { LANCO_FOR_ROOT: "1" };
      const { code } = await ns.lancoWith({ uid: STRANGER, env }, ...args);
      assertEquals(code, 6, args.join(" "));
    }
    await ns.must("check", "a");
  },
);
