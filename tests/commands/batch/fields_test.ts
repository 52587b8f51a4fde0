import { assertEquals, assertMatch } from "@std/assert";
import { VERSION } from "../../../src/cli/version.ts";
import { SCHEMA } from "../../../src/show/greeting.ts";
import { answers } from "../../batch.ts";
import { cgroupTest, exists, HAS_CONTROLLERS, LANCO, start, until } from "../../harness.ts";

cgroupTest(
  "the first line of batch and of events has the versions of lanĉo and of the schema",
  async (ns) => {
    const greeting = { lanco: VERSION, schema: SCHEMA, id: null, event: null };
    // The line comes before the first request.
    const batch = start([LANCO, ns.name, "batch"], { stdin: "piped", stdout: "piped" });
    const reader = batch.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals(JSON.parse((await reader.read()).value ?? ""), greeting);
    await reader.cancel();
    await batch.stdin.close();
    await batch.status;
    const [first = "", second = ""] = (await ns.firstLines(2, ["events", "--json"])).split("\n");
    assertEquals(JSON.parse(first), greeting);
    assertEquals(JSON.parse(second).event, "ready");
    assertMatch(await ns.firstLines(1, ["events"]), /^\S+ ready\n$/);
  },
);

cgroupTest(
  "batch takes each option as a field of its type, and lists the fields in its messages",
  async (ns) => {
    const fields = { memory: "50M", cpuWeight: 200, pids: 20, oomScoreAdj: 7, bestEffort: true };
    const begun = `${ns.scratch}/begun`;
    const run = { command: "run", task: "a", args: ["sh", "-c", "exit 4"], ...fields };
    const more = { keep: 0, logfile: `${ns.scratch}/log`, exitCommand: `>${begun}` };
    const [started] = await answers(ns, { ...run, ...more });
    assertEquals([started.exitStatus, started.messages.length], [0, HAS_CONTROLLERS ? 0 : 3]);
    const { limits, log } = started.output;
    assertEquals([limits.memory, limits.pids, log], [50 * 2 ** 20, 20, `${ns.scratch}/log`]);
    const [waited] = await answers(ns, { command: "wait", task: "a", timeout: 10, any: true });
    assertEquals([waited.exitStatus, waited.output.tasks.a.status], [4, 4]);
    await until("the exit command has run", () => exists(begun));
    const [listed] = await answers(ns, { command: "ls", finished: true, args: ["a"] });
    assertEquals([listed.output.tasks.a.state, listed.output.tasks.a.code], ["exited", 4]);
    const wrong: [object, RegExp][] = [
      [{ ...run, memory: true }, /"memory" must be a size such as "2G"/],
      [{ ...run, memory: "much" }, /option --memory needs a size/],
      [{ ...run, keep: "3" }, /"keep" must be a whole number/],
      [{ ...run, keep: 0.5 }, /"keep" needs a whole number from 0 to 10000, not "0.5"/],
      [{ ...run, env: { "A=B": "" } }, /"env": "A=B" cannot be a variable: a name needs/],
      [{ ...run, foreground: true }, /"foreground" is no field of a request for run, which takes/],
      [{ command: "stop", task: "a", now: 1 }, /"now" must be true or false/],
      [
        { command: "stop", task: "a", memory: "2G" },
        /"memory" is no field .* signal, timeout, main, now/,
      ],
    ];
    for (const [line, text] of wrong) {
      const [{ exitStatus, output, messages }] = await answers(ns, line);
      assertEquals([exitStatus, output, messages.length], [2, null, 1], JSON.stringify(line));
      assertMatch(messages[0], text);
    }
  },
);
