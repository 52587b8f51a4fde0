import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exists, LEGACY, until } from "../harness.ts";
import { killing, Scene, steps } from "./fault.ts";
import { ReplacedAgent } from "./replaced_agent.ts";

/** Faulty release agents, as shell with "real" for the true one, and how often each is tried. */
const ODD = [
  { how: "is slow by three seconds", script: 'sleep 3; exec real "$@"', rounds: 1 },
  { how: "runs twice at once", script: 'real "$@" & real "$@"; wait', rounds: 20 },
  { how: "runs once more, late", script: 'real "$@"; sleep 0.2; exec real "$@"', rounds: 20 },
];

for (const { how, script, rounds } of ODD) {
  cgroupTest(`a release agent that ${how} does no harm`, async (ns) => {
    const scene = await Scene.open(ns);
    const agent = new ReplacedAgent(ns);
    agent.becomes(script.replaceAll("real ", `${agent.real} `));
    for (let i = 0; i < rounds; i++) {
      assertEquals(
        await scene.ask("run", "-c", `echo >>${ns.scratch}/ended`, "a", "sleep", "9"),
        0,
      );
      assertEquals(await scene.ask("check", "a"), 0);
      assertEquals(await scene.ask("run", "a", "sleep", "1000"), 4);
      assertEquals(await scene.ask("stop", "--now", "a"), 0);
      await scene.isSound("a", `${how}, ${i}`);
    }
    const ended = () => Deno.readTextFileSync(`${ns.scratch}/ended`).length;
    await until("each exit command has run", () => ended() === rounds);
    agent.restore();
    await scene.close();
  });
}

cgroupTest(
  "without a release agent no task begins that needs it, and nothing wrong is answered",
  async (ns) => {
    const scene = await Scene.open(ns);
    const agent = new ReplacedAgent(ns);
    assertEquals(await scene.ask("run", "a", "sleep", "1000"), 0);
    agent.becomes("exit 0");
    const { code, stderr } = await ns.lanco("run", "b", "touch", `${ns.scratch}/begun`);
    if (LEGACY) {
      // On legacy hosts a task begins without being admitted.
      assertEquals([code, stderr], [0, ""]);
      await until("the task has begun", () => exists(`${ns.scratch}/begun`));
      await until("the task has ended", () => ns.pids("named/task-b").length === 0);
    } else {
      assertEquals([code, exists(`${ns.scratch}/begun`)], [1, false]);
      assertMatch(stderr, /the release agent does not answer: run "sudo lanco .* init" again\n$/);
    }
    assertEquals(await scene.ask("check", "b"), 3);
    assertEquals(await scene.ask("check", "a"), 0);
    assertEquals(await scene.ask("ls"), 0);
    assertEquals(await scene.ask("stop", "a"), 0);
    assertEquals(await scene.ask("check", "a"), 3);
    await ns.init();
    // First the task whose name no agent has freed.
    for (const task of ["b", "a"]) await scene.isSound(task, "after init");
    await scene.close();
  },
);

if (!LEGACY) {
  cgroupTest(
    "a release agent that is killed at any call leaves nothing that is wrong",
    async (ns) => {
      const scene = await Scene.open(ns);
      const agent = new ReplacedAgent(ns);
      let refused = false;
      // The agent is called to admit a task, and at its end.
      for (const moment of ["start", "end"]) {
        for (
          const [call, calls] of [["clone", 4], ["write", 4], ["execve", 2], ["openat", 8]] as const
        ) {
          for (const n of steps(calls, 4)) {
            const what = `${moment}, ${call} ${n}`;
            const words = ["/usr/bin/strace", ...killing(call, n).slice(1)].join(" ");
            if (moment === "end") {
              assertEquals(await scene.ask("run", "a", "sleep", "1000"), 0, what);
            }
            agent.becomes(`exec ${words} ${agent.real} "$@"`);
            if (moment === "start") {
              const code = await scene.ask("run", "a", "sleep", "1000");
              assert(code === 0 || code === 1, what);
              refused ||= code === 1;
            } else assertEquals(await scene.ask("stop", "--now", "a"), 0, what);
            agent.restore();
            await scene.isSound("a", what);
          }
        }
      }
      // Otherwise the agent was never killed before it had admitted a task.
      assert(refused);
      await scene.close();
    },
  );
}
