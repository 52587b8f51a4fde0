import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exists, LANCO, LEGACY, start, type TestNamespace, until } from "../harness.ts";
import { ReplacedAgent } from "./replaced_agent.ts";

/** The file whose "1" freezes the namespace as a whole. */
const freezer = (ns: TestNamespace) => `${ns.directory}/unified/cgroup.freeze`;

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

  cgroupTest("check waits for the end of a launch that is under way", async (ns) => {
    const agent = new ReplacedAgent(ns);
    const go = `${ns.scratch}/go`;
    agent.becomes(`until [ -e ${go} ]; do sleep 0.01; done; exec ${agent.real} "$@"`);
    const run = start([LANCO, ns.name, "run", "a", "sleep", "1000"]);
    await until("it is registered", () => exists(`${ns.directory}/named/task-a`));
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
  });

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
