import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exists, LANCO, LEGACY, start, type TestNamespace, until } from "../harness.ts";
import { FEW_DESCRIPTORS, runWhereShells } from "./shells.ts";
import { listen, story } from "../commands/listener.ts";
import { ReplacedAgent } from "./replaced_agent.ts";

/** The file whose "1" freezes the namespace as a whole. */
const freezer = (ns: TestNamespace) => `${ns.directory}/unified/cgroup.freeze`;

/** Callers whose shells are started in two ways: bash closes descriptors from 10 on. */
const CALLERS = {
  "with few descriptors": FEW_DESCRIPTORS,
  "with a descriptor above 9": [...FEW_DESCRIPTORS, "bash", "-c", 'exec 12</dev/null "$@"', "bash"],
};

/** The command line of the shim of task a, which is alone in its cgroup before it starts the child. */
function shimOf(ns: TestNamespace): string {
  for (const pid of ns.members("a")) {
    try {
      const line = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
      if (/\0lanco-(shim|pool)\0/.test(line)) return line;
    } catch { /* it has ended */ }
  }
  return "";
}

/** The launch is held where it waits for the release agent, which nobody needs without cgroup v2. */
if (!LEGACY) {
  cgroupTest(
    "a launch in a namespace that is frozen meanwhile is given up, and nothing of it is executed",
    async (ns) => {
      const agent = new ReplacedAgent(ns);
      agent.becomes(
        `mkdir ${agent.real}.once && echo 1 >${freezer(ns)}; exec ${agent.real} "$@"`,
      );
      const before = await ns.tracesAtRest();
      try {
        const { code, stderr } = await ns.lanco("run", "a", "touch", `${ns.scratch}/executed`);
        assertEquals(code, 1);
        assertMatch(stderr, /is frozen: thaw it as root, by "echo 0 >/);
        assertEquals((await ns.lanco("check", "a")).code, 3);
      } finally {
        agent.restore();
        Deno.writeTextFileSync(freezer(ns), "0");
      }
      // It may have opened its log before it was killed.
      const left = () =>
        ns.traces().filter((path) => !before.includes(path) && !path.startsWith(ns.logs));
      await until(`nothing is left: ${left()}`, () => left().length === 0);
      assert(!exists(`${ns.scratch}/executed`));
      await ns.must("run", "a", "touch", `${ns.scratch}/executed`);
    },
  );

  for (const [caller, words] of Object.entries(CALLERS)) {
    for (const by of ["run", "batch"]) {
      cgroupTest(
        `check waits for the end of a launch by ${by} of a caller ${caller}`,
        async (ns) => {
          const agent = new ReplacedAgent(ns);
          const go = `${ns.scratch}/go`;
          agent.becomes(`until [ -e ${go} ]; do sleep 0.01; done; exec ${agent.real} "$@"`);
          const request = JSON.stringify({ command: "run", args: ["a", "sleep", "1000"] });
          const line = by === "run" ? '"$@" run a sleep 1000' : `echo '${request}' | "$@" batch`;
          const run = start([...words, "sh", "-c", line, "sh", LANCO, ns.name]);
          await until("its shim is registered", () => shimOf(ns) !== "");
          // Of a shell that bash has executed the script is no longer the prologue.
          assertEquals(shimOf(ns).includes("# Started by"), caller === "with few descriptors");
          let answered = false;
          const check = ns.lanco("check", "a").then((answer) => {
            answered = true;
            return answer;
          });
          // As long as any other answer takes.
          assertEquals((await ns.lanco("check", "b")).code, 3);
          await ns.lanco("ls");
          assert(!answered);
          Deno.writeTextFileSync(go, "");
          assertEquals([(await check).code, (await run.status).code], [0, 0]);
          agent.restore();
        },
      );
    }
  }

  for (const end of ["starts it", "is killed"]) {
    for (const options of [[], ["--once"]]) {
      const what = ["run", ...options].join(" ");
      cgroupTest(`${what} waits for another launch of the task, which ${end}`, async (ns) => {
        const agent = new ReplacedAgent(ns);
        const [go, ran] = [`${ns.scratch}/go`, `${ns.scratch}/ran`];
        agent.becomes(`until [ -e ${go} ]; do sleep 0.01; done; exec ${agent.real} "$@"`);
        const run = start([LANCO, ns.name, "run", ...options, "a", "sleep", "1000"]);
        await until("its shim is registered", () => shimOf(ns) !== "");
        let answered = false;
        const other = ns.lanco("run", ...options, "a", "sh", "-c", `touch ${ran}; exec sleep 1000`)
          .finally(() => answered = true);
        assertEquals((await ns.lanco("check", "b")).code, 3);
        await ns.lanco("ls");
        assert(!answered);
        if (end === "is killed") {
          run.kill("SIGKILL");
          await run.status;
        }
        Deno.writeTextFileSync(go, "");
        assertEquals((await other).code, end === "is killed" ? 0 : 4, (await other).stderr);
        if (end === "starts it") assertEquals((await run.status).code, 0);
        await until("the right one runs", () => exists(ran) === (end === "is killed"));
        assertEquals((await ns.lanco("check", "a")).code, 0);
        agent.restore();
      });
    }
  }

  cgroupTest("check does not know what a launcher that is stopped will do", async (ns) => {
    const agent = new ReplacedAgent(ns);
    agent.becomes("exit 0");
    const run = start([LANCO, ns.name, "run", "a", "sleep", "1000"]);
    await until("it is registered", () => exists(`${ns.directory}/named/task-a`));
    Deno.kill(run.pid, "SIGSTOP");
    const { code, stderr } = await ns.lanco("check", "a");
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /has not been executed yet: the process that starts it is stopped, or waits/,
    );
    Deno.kill(run.pid, "SIGCONT");
    assertEquals((await run.status).code, 1);
    agent.restore();
  });
}

cgroupTest("events that begins amid a launch tells its start and its end", async (ns) => {
  /** Returns whether events began when the launch had registered the task, and not written its record. */
  const metAt = async (n: number, effect: number): Promise<boolean> => {
    let over = false;
    const running = runWhereShells({ effect, call: "execve", n }, ns, "a", "sleep", "0.1")
      .finally(() => over = true);
    await until("it is registered", () => over || exists(`${ns.directory}/named/task-a`));
    const { heard, ready, ends, stop } = listen(ns);
    await ready();
    const isMet = !over && !exists(`${ns.runDirectory("a")}/run.json`);
    assertEquals((await running).stderr, "");
    if (isMet) {
      await ends(1);
      assertEquals(story(heard, "a"), ["start", "end exited 0"], `${n}`);
    }
    await stop();
    await ns.gone("a");
    await ns.must("forget", "a");
    return isMet;
  };
  // Longer where events takes so long to begin.
  for (let delay = 1000, met = 0; met === 0; delay *= 2) {
    for (let n = 1; n <= 4; n++) if (await metAt(n, delay)) met++;
  }
});

/** The command line of the first process of task a; "" if there is none. */
function firstOf(ns: TestNamespace): string {
  try {
    return Deno.readTextFileSync(`/proc/${ns.task("a")[0]}/cmdline`).replaceAll("\0", " ");
  } catch {
    return "";
  }
}

cgroupTest("check says 0 of no command that env(1) or nice(1) is yet to execute", async (ns) => {
  const link = `${ns.scratch}/a=sleep`;
  Deno.symlinkSync("/bin/sleep", link);
  const held = new Set<string>();
  // By nice(1) env(1) executes a command whose path has an equals sign.
  for (
    const [path, program] of [["/bin/sleep", "/usr/bin/env"], [link, "/usr/bin/nice"]] as const
  ) {
    for (let n = 3; n <= 6; n++) {
      let over = false;
      const hit = { effect: 1500, call: "execve", n, env: { PS4: "%" } } as const;
      const running = runWhereShells(hit, ns, "a", path, "1000").finally(() => over = true);
      const isHeld = () => firstOf(ns).startsWith(`${program} `);
      await until(`it is held, or has begun: ${n}`, () => over || isHeld());
      const line = firstOf(ns);
      const { code } = await ns.lanco("check", "a");
      assertEquals([code, firstOf(ns)], [0, `${path} 1000 `], `${n}: ${line}`);
      if (line.startsWith(`${program} `)) held.add(program);
      const { stderr } = await running;
      assertEquals(stderr, "");
      await ns.must("stop", "--now", "a");
    }
  }
  assertEquals([...held].sort(), ["/usr/bin/env", "/usr/bin/nice"]);
});
