import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { openBatch } from "../batch.ts";
import { cgroupTest, LEGACY, until } from "../harness.ts";
import { repetitions } from "../repetitions.ts";
import { type Action, ACTIONS, type Known, Model } from "./model.ts";

/** How many walks are tried; more with LANCO_TEST_WALKS. */
const WALKS = repetitions("LANCO_TEST_WALKS", 500);

/** What is written for each action, the name of the task left out. */
const REQUESTS: Readonly<Record<Action, [string, ...string[]]>> = {
  "run": ["run", "NAME", "sleep", "1000"],
  // It says when it cannot be disturbed any more; the one that it waits for is disturbed.
  "run what obeys nobody": ["run", "NAME", "sh", "-c", "trap '' TERM; echo deaf; exec sleep 1000"],
  "run what exits with 7": ["run", "NAME", "sh", "-c", "exit 7"],
  "run what is not there": ["run", "NAME", "/no/such/command"],
  "check": ["check", "NAME"],
  "status": ["status", "NAME"],
  "stop": ["stop", "-t", "1", "NAME"],
  "stop --now": ["stop", "--now", "NAME"],
  "pause": ["pause", "NAME"],
  "resume": ["resume", "NAME"],
  "signal KILL": ["signal", "KILL", "NAME"],
  "signal TERM": ["signal", "TERM", "NAME"],
  "wait": ["wait", "-t", "0.05", "NAME"],
  "wait -t 0": ["wait", "-t", "0", "NAME"],
  "ls": ["ls", "-a", "NAME"],
};

/** The tasks of one walk, as they are said to be and as they are. */
interface World {
  models: Record<string, Model>;
  /** Makes a request of a batch; returns its exit status and output. */
  ask(task: string, words: readonly string[]): Promise<{ exitStatus: number; output: never }>;
  /** What a task has written. */
  log(task: string): string;
}

/** An action on a task; what comes of it must be what the model says. */
class Step implements fc.AsyncCommand<World["models"], World> {
  constructor(private readonly task: string, private readonly action: Action) {}

  check(): boolean {
    return true;
  }

  async run(models: World["models"], world: World): Promise<void> {
    const model = models[this.task] ?? new Model();
    const before = model.known;
    const status = model.act(this.action);
    const { exitStatus } = await world.ask(this.task, REQUESTS[this.action]);
    assertEquals(exitStatus, status, `${this}`);
    if (this.action === "run what obeys nobody" && status === 0) {
      await until("it is deaf", () => world.log(this.task).endsWith("deaf\n"));
    }
    const over = model.known?.state === "exited" || model.known?.state === "killed";
    // It ends by itself: when, is not foretold.
    if (over && model.known !== before) await world.ask(this.task, ["wait", "NAME"]);
    assertEquals(await known(world, this.task), model.known, `after ${this}`);
  }

  toString(): string {
    return `${this.action} ${this.task}`;
  }
}

async function known(world: World, task: string): Promise<Known | undefined> {
  const { exitStatus, output } = await world.ask(task, ["status", "NAME"]);
  if (exitStatus === 3) return undefined;
  const { state, code, signal, stopped } = output;
  return { state, code, signal, stopped: stopped !== null };
}

const steps = fc.commands(
  ["a", "b", "c"].flatMap((task) => ACTIONS.map((action) => fc.constant(new Step(task, action)))),
  { maxCommands: 12 },
);

if (!LEGACY) {
  cgroupTest(`${WALKS} walks over three tasks go where the model says`, async (ns) => {
    const { ask, end } = openBatch(ns);
    let walks = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (walk) => {
        const walker = walks++;
        const name = (task: string) => `${task}${walker}`;
        const named = (task: string, words: readonly string[]) =>
          words.map((word) => word === "NAME" ? name(task) : word);
        const models = { a: new Model(), b: new Model(), c: new Model() };
        const real: World = {
          models,
          ask: (task, words) => {
            const [command = "", ...args] = named(task, words);
            return ask(command, ...args);
          },
          log: (task) => ns.log(name(task)),
        };
        try {
          await fc.asyncModelRun(() => ({ model: models, real }), walk);
        } finally {
          await ask("stop", "--now", ...["a", "b", "c"].map(name));
        }
      }),
      { numRuns: WALKS, endOnFailure: false },
    );
    assertEquals((await end()).code, 0);
    assertEquals(
      ns.traces().filter((path) => path.startsWith(`${ns.directory}/`) && !path.includes("/runs/")),
      [],
    );
  });
}
