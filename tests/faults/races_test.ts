import { assert, assertEquals, assertMatch } from "@std/assert";
import { openBatch } from "../batch.ts";
import { cgroupTest, type TestNamespace, until } from "../harness.ts";
import { repetitions } from "../repetitions.ts";

/** How often each race is run; more often with LANCO_TEST_ROUNDS. */
const ROUNDS = repetitions("LANCO_TEST_ROUNDS", 200);

/** What wait says if a stop came when a run had its name, but had not begun: nothing of it is kept. */
const WAITED = /\/wait\] (unknown how task a ended|nothing is known of task a)/;

type Ask = (command: string, ...args: string[]) => Promise<number>;

/** So many programs race, and one asks all the time what is true: it must always know. */
async function race(
  ns: TestNamespace,
  { of: count }: { of: number },
  round: (racers: Ask[], i: number) => Promise<void>,
) {
  const open = () => {
    const { ask, end } = openBatch(ns);
    const status: Ask = async (command, ...args) => {
      const { exitStatus, messages } = await ask(command, ...args);
      // On a busy host a launch may take longer than check waits for it.
      if (/\/check\].* has not been executed yet: /.test(messages.join())) {
        return await status(command, ...args);
      }
      if (exitStatus === 125) assertMatch(messages.join(), WAITED);
      if (exitStatus === 1) assertMatch(messages.join(), /\/run\].* was killed before its start$/);
      return exitStatus;
    };
    return { status, end };
  };
  const racers = Array.from({ length: count }, open);
  const judge = open();
  let over = false;
  const judging = (async () => {
    const said = new Set<number>();
    while (!over) {
      said.add(await judge.status("check", "a"));
      // It leaves the processors to the racers.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return said;
  })();
  // It may fail before it is awaited.
  judging.catch(() => {});
  try {
    for (let i = 0; i < ROUNDS; i++) await round(racers.map(({ status }) => status), i);
  } finally {
    over = true;
  }
  // It was true now and then that the task runs, and that it does not; nothing else was said.
  assertEquals([...await judging].sort(), [0, 3]);
  for (const { end } of [...racers, judge]) assertEquals((await end()).code, 0);
  const left = () => ns.traces().filter((path) => path.startsWith(`${ns.directory}/named/`));
  await until("no cgroup is left", () => left().length === 0);
}

cgroupTest(`of fifty that run one name one wins, ${ROUNDS} times`, async (ns) => {
  await race(ns, { of: 50 }, async (racers, i) => {
    const statuses = await Promise.all(
      racers.map((ask) => ask("run", "--keep", "0", "a", "sleep", "1000")),
    );
    assertEquals(statuses.filter((status) => status === 0).length, 1, `${i}: ${statuses}`);
    assertEquals(statuses.filter((status) => status === 4).length, 49, `${i}: ${statuses}`);
    assertEquals(await racers[i % 50]?.("stop", "--now", "a"), 0);
  });
});

cgroupTest(`a run races with the end of the one before, ${ROUNDS} times`, async (ns) => {
  await race(ns, { of: 4 }, async (racers, i) => {
    // What ends at once makes room for the next.
    const statuses = await Promise.all(
      racers.map(async (ask, racer) => {
        const status = await ask("run", "--keep", "0", "a", "sh", "-c", `exit ${racer + 20}`);
        assert([0, 4].includes(status), `${i}: run ${status}`);
        return status;
      }),
    );
    assert(statuses.includes(0), `${i}`);
    const ended = await racers[0]?.("wait", "a") ?? -1;
    assertEquals(statuses[ended - 20], 0, `${i}: wait ${ended} of ${statuses}`);
    assertEquals(await racers[1]?.("check", "a"), 3);
  });
});

cgroupTest(`run, stop, pause, resume and wait race, ${ROUNDS} times`, async (ns) => {
  const allowed: Record<string, number[]> = {
    run: [0, 1, 4],
    stop: [0, 3],
    pause: [0, 3],
    resume: [0, 3],
    wait: [124, 125, 137, 143],
  };
  const said = new Map<string, number>();
  const asked = [
    ["run", "--keep", "0", "a", "sleep", "1000"],
    ["stop", "a"],
    ["pause", "a"],
    ["resume", "a"],
    ["stop", "--now", "a"],
    ["wait", "-t", "0.01", "a"],
  ];
  await race(ns, { of: 4 }, async (racers, i) => {
    assertEquals(await racers[0]?.("run", "--keep", "0", "a", "sleep", "1000"), 0, `${i}`);
    await Promise.all(racers.map(async (ask, racer) => {
      for (let step = 0; step < 3; step++) {
        const [command = "", ...args] = asked[(i * 7 + racer * 5 + step * 3) % asked.length] ?? [];
        const status = await ask(command, ...args);
        assert(allowed[command]?.includes(status), `${i}: ${command} ${status}`);
        said.set(`${command} ${status}`, 1 + (said.get(`${command} ${status}`) ?? 0));
      }
    }));
    await racers[1]?.("stop", "--now", "a");
    assertEquals(await racers[2]?.("check", "a"), 3, `${i}`);
  });
  // Each of them has won now and then, and lost.
  for (const command of ["run", "stop", "pause", "resume"]) {
    const lost = `${command} ${command === "run" ? 4 : 3}`;
    assert(said.has(`${command} 0`) && said.has(lost), `${command}: ${[...said].join(" ")}`);
  }
  assert(said.has("wait 137") || said.has("wait 143"), [...said].join(" "));
});
