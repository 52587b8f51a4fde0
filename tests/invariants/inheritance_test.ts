import { assert, assertEquals } from "@std/assert";
import {
  cgroupTest,
  exec,
  identity,
  LANCO,
  OWNER,
  OWNER_GROUP,
  shell,
  STRANGER,
  type TestNamespace,
} from "../harness.ts";

/** Runs the command as task a from a line of shell, and returns what it wrote. */
async function output(ns: TestNamespace, before: string, command: string): Promise<string> {
  const line = `${before}\n${LANCO} ${ns.name} run a ${command}`;
  // Whoever runs the tests in the background has them ignore signals.
  const { code, stderr } = await exec(["env", "--default-signal", "/bin/sh", "-c", line]);
  assertEquals([code, stderr], [0, ""]);
  await ns.gone("a");
  return ns.log("a");
}

cgroupTest(
  "invariant 5: a task has the caller's environment and two variables more",
  async (ns) => {
    const names = "log keep run dir child mode status error name file found IFS PS1 fd"
      .split(" ");
    const given = [
      ...names.map((name) => `${name}=of the caller`),
      "a.b=dots",
      "BASH_FUNC_f%%=() {  :; }",
      "EMPTY=",
      "LINES=one\ntwo",
      "UNI=é",
      "_=/of/the/caller",
    ];
    for (const more of [[], ["PWD=/", "SHLVL=5", "OLDPWD=/var", "PATH=/usr/bin:/bin"]]) {
      const { code, stderr } = await exec(
        [
          "/usr/bin/env",
          "-i",
          ...given,
          ...more,
          LANCO,
          ns.name,
          "run",
          "a",
          "/bin/cat",
          "/proc/self/environ",
        ],
      );
      assertEquals([code, stderr], [0, ""]);
      await ns.gone("a");
      assertEquals(
        ns.log("a").split("\0").filter((entry) => entry !== "").sort(),
        [...given, ...more, `LANCO_NAMESPACE=${ns.name}`, "LANCO_TASK=a"].sort(),
      );
    }
  },
);

cgroupTest("invariant 5: a task has the caller's directory, umask and limits", async (ns) => {
  const before = `cd ${ns.scratch}; umask 0137; ulimit -n 123; ulimit -c 0`;
  const line = "'pwd; umask; ulimit -n; ulimit -c'";
  const text = await output(ns, before, `sh -c ${line}`);
  assertEquals(text.split("\n").slice(0, 4), [ns.scratch, "0137", "123", "0"]);
  assertEquals((Deno.statSync(`${ns.logs}/task-a.log`).mode ?? 0) & 0o777, 0o640);
});

cgroupTest("invariant 5: a task has the caller's supplementary groups", async (ns) => {
  const groups = [4, 24, OWNER_GROUP];
  const { code } = await ns.lancoWith(
    { groups },
    "run",
    "a",
    "grep",
    "Groups",
    "/proc/self/status",
  );
  assertEquals(code, 0);
  await ns.gone("a");
  assertEquals(ns.log("a").trim().split(/\s+/).slice(1).map(Number), groups);
});

cgroupTest(
  "invariant 5: a task has the caller's signal dispositions, all else by default",
  async (ns) => {
    const signals = async (trap: string) => {
      const status = await output(ns, trap, "cat /proc/self/status");
      return ["SigBlk", "SigIgn", "SigCgt"].map((name) =>
        BigInt(`0x${new RegExp(`^${name}:\\s+(\\w+)$`, "m").exec(status)?.[1]}`)
      );
    };
    const [blocked, plain = 0n, caught] = await signals(":");
    assertEquals([blocked, caught], [0n, 0n]);
    const bit = (signal: number) => 1n << BigInt(signal - 1);
    assertEquals(plain & (bit(2) | bit(3) | bit(15)), 0n);
    const [, ignored] = await signals("trap '' HUP INT QUIT USR1 TERM");
    assertEquals(ignored, plain | bit(1) | bit(2) | bit(3) | bit(10) | bit(15));
  },
);

cgroupTest(
  "invariant 5: a task has the descriptors 0, 1 and 2 only, whatever the caller had",
  async (ns) => {
    const line = `exec 3</dev/null 7</dev/null 9</dev/null 10</dev/null 63</dev/null 251>/dev/null
    ${LANCO} ${ns.name} run a sh -c 'ls -l /proc/$$/fd; sleep 1000'`;
    const { code, stderr } = await exec(["bash", "-c", line]);
    assertEquals([code, stderr], [0, ""]);
    const fds = (pid: number) =>
      [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => Number(name)).sort((a, b) =>
        a - b
      );
    const [pid = 0] = ns.task("a");
    assertEquals(fds(pid), [0, 1, 2]);
    assertEquals(Deno.readLinkSync(`/proc/${pid}/fd/0`), "/dev/null");
    for (const fd of [1, 2]) {
      assertEquals(
        Deno.readLinkSync(`/proc/${pid}/fd/${fd}`),
        `${ns.logs}/task-a.log`,
      );
    }
    // Nor does the shim keep a pipe of the caller's open.
    for (const fd of fds(ns.shim("a"))) {
      assert(
        [0, 1, 2, 3, 4, 7, 9].includes(fd),
        `the shim has ${fd}`,
      );
    }
    const [mark] = Deno.readDirSync(`${ns.logs}/.runs`);
    assertEquals(
      Deno.readLinkSync(`/proc/${ns.shim("a")}/fd/7`),
      `${ns.logs}/.runs/${mark?.name}`,
    );
    assertEquals(
      Deno.readLinkSync(`/proc/${ns.shim("a")}/fd/9`),
      `${ns.runDirectory("a")}/status`,
    );
  },
);

cgroupTest("without bash, run says which descriptors a task inherits", async (ns) => {
  const bin = `${ns.scratch}/bin`;
  await shell(`mkdir ${bin}; ln -s /bin/sleep ${bin}/sleep`);
  const line = `exec 63</dev/null; PATH=${bin}; ${LANCO} ${ns.name} run a sleep 1000`;
  const { code, stderr } = await exec(["/bin/bash", "-c", line]);
  assertEquals(code, 0);
  assert(
    /\[WARN\/run\] task a inherits the descriptors (.*, )?63\b.*: install bash/.test(stderr),
    stderr,
  );
});

cgroupTest(
  "a task is in a session and a process group of its own, apart from its shim's",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const ids = (pid: number) =>
      Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ").slice(2, 5);
    const [pid = 0] = ns.task("a");
    const shim = ns.shim("a");
    assertEquals(ids(pid), [String(pid), String(pid), "0"]);
    assertEquals(ids(shim), [String(shim), String(shim), "0"]);
  },
);

cgroupTest(
  "run from a directory that the user may not enter names --chdir, which helps",
  async (ns) => {
    const closed = `${ns.scratch}/closed`;
    Deno.mkdirSync(closed, { mode: 0o700 });
    const from = (...args: string[]) =>
      exec([
        "sh",
        "-c",
        `cd ${closed} && exec setpriv ${identity(OWNER).join(" ")} ${LANCO} ${ns.name} "$@"`,
        "sh",
        ...args,
      ], { uid: 0 });
    const { code, stderr } = await from("run", "a", "true");
    assertEquals(code, 6);
    assert(/cannot enter the working directory.*--chdir/.test(stderr), stderr);
    assertEquals(ns.traces(), []);
    assertEquals((await from("run", "--chdir", "/tmp", "a", "sleep", "1000")).code, 0);
    assertEquals(Deno.readLinkSync(`/proc/${ns.task("a")[0]}/cwd`), "/tmp");
    for (const args of [["check", "a"], ["ls"], ["stop", "a"]]) {
      assertEquals((await from(...args)).code, 0, args.join(" "));
    }
  },
);

cgroupTest("run by a user who does not own the namespace is not permitted", async (ns) => {
  const { code, stderr } = await ns.lancoWith({ uid: STRANGER }, "run", "a", "true");
  assertEquals(code, 6, stderr);
  assert(/belongs to games: run it as that user/.test(stderr), stderr);
  assertEquals(ns.traces(), []);
});
