import { assert, assertEquals, assertMatch } from "@std/assert";
import { openBatch } from "../batch.ts";
import { cgroupTest, exists, TestNamespace, until } from "../harness.ts";
import { repetitions } from "../repetitions.ts";

/** How often each race is run; more often with LANCO_TEST_ROUNDS. */
const ROUNDS = repetitions("LANCO_TEST_ROUNDS", 200);

/** The messages of a run that is refused, by its exit status. */
const WHY: Record<number, RegExp> = {
  // On a busy host the kernel may start the agent late.
  1: /^\S+ \[ERROR\/run\] (namespace \S+ is being released, or initialised again: try again|the release agent does not answer)/,
  5: /^\S+ \[ERROR\/run\] namespace \S+ is not initialised: run "sudo lanco \S+ init/,
};

/** Starts a batch, and waits until it has found its namespace: it would end if that were released before. */
async function batchOf(ns: TestNamespace) {
  const batch = openBatch(ns);
  await batch.ask("ls");
  return batch;
}

/** Runs tasks of a name of its own until the race is over. Returns the answers. */
async function racer(
  { ask, end }: ReturnType<typeof openBatch>,
  task: string,
  isOver: () => boolean,
) {
  const told = { begun: 0, refused: 0 };
  while (!isOver()) {
    const { exitStatus: run, messages } = await ask("run", "--keep", "0", task, "sleep", "1000");
    if (run === 0) {
      told.begun++;
      // A running task is known, and keeps its namespace from being released.
      for (const [command, args] of [["check", task], ["ls", "-a"], ["check", task]]) {
        assertEquals((await ask(command ?? "", args ?? "")).exitStatus, 0, command);
      }
      assertEquals((await ask("stop", "--now", task)).exitStatus, 0);
    } else {
      told.refused++;
      assertMatch(messages.join(), WHY[run] ?? /^$/, `run ${run}`);
    }
    // The pause leaves the processors to others, and at times both leave the namespace alone.
    await new Promise((resolve) => setTimeout(resolve, 20 + 200 * Math.random()));
    const check = await ask("check", task);
    assert(check.exitStatus === 3 || check.exitStatus === 5, `${JSON.stringify(check)}`);
  }
  assertEquals((await end()).code, 0);
  return told;
}

/** Makes and removes a namespace repeatedly as root, whatever its owner does meanwhile. */
async function isMadeAndRemoved(ns: TestNamespace, rounds: number): Promise<void> {
  let over = false;
  const batches = await Promise.all([batchOf(ns), batchOf(ns)]);
  const racers = batches.map((batch, i) => racer(batch, "ab".charAt(i), () => over));
  // One may fail before it is waited for.
  for (const racing of racers) racing.catch(() => {});
  const released = { done: 0, refused: 0 };
  try {
    for (let i = 0; i < rounds; i++) {
      const { code, stderr } = await ns.lancoWith({ uid: 0 }, "release");
      if (code === 0) released.done++;
      else {
        released.refused++;
        assertEquals(code, 4, stderr);
      }
      await ns.init();
    }
  } finally {
    over = true;
    await Promise.allSettled(racers);
  }
  const told = await Promise.all(racers);
  const seen = JSON.stringify({ released, told });
  assert(released.done > 0 && released.refused > 0, seen);
  assert(told.every(({ begun }) => begun > 0), seen);
  // The kernel may not have started all agents yet.
  const left = () => ns.traces().filter((path) => path.startsWith(`${ns.directory}/named/`));
  await until("nothing is left of what was refused", () => left().length === 0);
  assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  assert(!exists(ns.directory));
}

// Half of root's calls are to release, and half to init.
cgroupTest(`release and init race with everything, ${ROUNDS} times`, async (ns) => {
  const other = new TestNamespace();
  try {
    await other.init();
    const both = [ns, other].map((each) => isMadeAndRemoved(each, ROUNDS / 4));
    await Promise.allSettled(both);
    await Promise.all(both);
  } finally {
    await other.remove();
  }
});

cgroupTest(`twenty namespaces at once know their own tasks, ${ROUNDS} times`, async (first) => {
  const all = [first, ...Array.from({ length: 19 }, () => new TestNamespace())];
  try {
    await Promise.all(all.slice(1).map((ns) => ns.init()));
    let left = ROUNDS;
    await Promise.all(all.map((ns) => racer(openBatch(ns), "a", () => left-- <= 0)));
    await Promise.all(all.map(async (ns) => {
      const { code, stderr } = await ns.lancoWith({ uid: 0 }, "release");
      assertEquals([code, stderr, exists(ns.directory)], [0, "", false]);
    }));
  } finally {
    for (const ns of all.slice(1)) await ns.remove();
  }
});
