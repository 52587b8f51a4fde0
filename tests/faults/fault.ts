/** What the tests share that kill lanĉo at every system call that changes something. */
import { assert, assertEquals } from "@std/assert";
import { exec, exists, lives, type Result, type TestNamespace, until } from "../harness.ts";
import { isYetToExecute } from "../../src/task/command_start.ts";
import { openBatch } from "../batch.ts";

/** Whether every step is tried, also of what takes long; else some of them, others each time. */
const ALL = Deno.env.has("LANCO_TEST_ALL");

/** The numbers from 1 on that are tried, one of so many: the first is another each time. */
export function steps(last: number, oneOf: number): number[] {
  const stride = ALL ? 1 : oneOf;
  const first = 1 + Math.floor(Math.random() * stride);
  return Array.from({ length: last }, (_, i) => first + i * stride).filter((n) => n <= last);
}

/** What the shells do by which root makes and removes a namespace; the first are to start a program. */
export const CALLS = [
  "vfork",
  "clone",
  "write",
  "mkdir",
  "mount",
  "umount2",
  "fchownat",
  "fchmodat",
  "rmdir",
  "unlinkat",
  "renameat2",
];

/** What strace(1) is told so that a program is sent a signal at its n-th call of a kind. */
export function signalling(
  signal: string,
  call: string,
  n: number,
  ...options: string[]
): string[] {
  const inject = `inject=${call}:signal=${signal}:when=${n}`;
  return ["strace", ...options, "-qq", "-o", "/dev/null", "-e", `trace=${call}`, "-e", inject];
}

/** The same so that it is killed there. */
export function killing(call: string, n: number, ...options: string[]): string[] {
  return signalling("KILL", call, n, ...options);
}

/** Kills a program at its first call of a kind, at its second, and so on; until it lives through it. */
export async function atEach(
  calls: readonly string[],
  run: (words: string[], what: string) => Promise<Result>,
  after: (what: string) => Promise<void>,
): Promise<number> {
  let kills = 0;
  for (const call of calls) {
    for (let n = 1;; n++) {
      const what = `${call} ${n}`;
      const { code } = await run(killing(call, n), what);
      await after(what);
      if (code !== 137) break;
      kills++;
      assert(n < 200, `${call} is called again and again`);
    }
  }
  return kills;
}

/** A namespace in which something is killed, and one batch that looks what comes of it. */
export class Scene {
  readonly #batch: ReturnType<typeof openBatch>;

  private constructor(private readonly ns: TestNamespace) {
    this.#batch = openBatch(ns);
  }

  /** With a task called "other", which nothing of all this may disturb. */
  static async open(ns: TestNamespace): Promise<Scene> {
    const scene = new Scene(ns);
    assertEquals(await scene.ask("run", "other", "sleep", "1000"), 0);
    return scene;
  }

  /** Makes a request of the batch. Returns its exit status. */
  async ask(command: string, ...args: string[]): Promise<number> {
    return (await this.#batch.ask(command, ...args)).exitStatus;
  }

  /** Whether a process of the task's command lives, and not one that is to become it, or gives up. */
  runs(task: string): boolean {
    return this.ns.task(task).some((pid) => {
      try {
        const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
        return words !== "" && !isYetToExecute(words);
      } catch {
        return false;
      }
    });
  }

  /** Whether a run of the task is on record whose command was executed. */
  hasRun(task: string): boolean {
    const { ns } = this;
    return [...Deno.readDirSync(`${ns.directory}/runs`)].some(({ name }) => {
      if (!/^[0-9a-z]{26}-/.test(name) || name.slice(27) !== task) return false;
      try {
        const text = Deno.readTextFileSync(`${ns.directory}/runs/${name}/status`);
        return /^[0-9a-z]{26}\nexecuted\b/.test(text);
      } catch {
        // The run is being taken back.
        return false;
      }
    });
  }

  /** Whether `status` tells the truth: of a task that runs, of one that has run, or of neither. */
  async isStatusTrue(task: string, what: string): Promise<boolean> {
    const { exitStatus, output } = await this.#batch.ask("status", task);
    if (this.runs(task)) return exitStatus === 0 && ["running", "paused"].includes(output.state);
    assert([0, 3].includes(exitStatus), `${what}: status ${exitStatus}`);
    if (exitStatus === 3) return !this.hasRun(task);
    return this.hasRun(task) && !["running", "paused"].includes(output.state);
  }

  /** Waits until those who wait for one who was killed have given up. */
  async settled(): Promise<void> {
    const { ns } = this;
    const waiting = () =>
      ns.traces().map((path) => path.slice(ns.directory.length + 1))
        .filter((path) => /^named\/(new|task)-/.test(path) && ns.pids(path).length > 0)
        .filter((path) => !this.runs(path.replace(/^named\/(new|task)-/, "")));
    await until("what was begun is over", () => waiting().length === 0);
  }

  /** Whatever was killed: all that is said of the task is true, and it can be run again and stopped. */
  async isSound(task: string, what: string): Promise<void> {
    await this.settled();
    let check = -1;
    // What was asked to end may do so between the two looks.
    await until(`what is said after ${what} is true`, async () => {
      check = await this.ask("check", task);
      assert([0, 3].includes(check), `${what}: check ${check}`);
      return check === (this.runs(task) ? 0 : 3);
    });
    assertEquals(await this.ask("check", "other"), 0, what);
    assertEquals(await this.ask("ls", "-a"), 0, what);
    await until(`status after ${what} is true`, () => this.isStatusTrue(task, what));
    const running = this.ns.task(task);
    let again = await this.#batch.ask("run", task, "sleep", "1000");
    if (check === 0 && again.exitStatus === 4) {
      // Rightly: it ran then. But it may have been asked to end, and do so at any moment.
      const { exitStatus, messages } = await this.#batch.ask("stop", "--now", task);
      assert([0, 3].includes(exitStatus), `${what}: ${messages}`);
      assertEquals([await this.ask("check", task), running.some(lives)], [3, false], what);
      again = await this.#batch.ask("run", task, "sleep", "1000");
    }
    assertEquals(again.exitStatus, 0, `${what}, check ${check}: ${again.messages}`);
    assert(!running.some(lives), `${what}: two of one name`);
    assertEquals(await this.ask("stop", "--now", task), 0, what);
    assertEquals(await this.ask("check", task), 3, what);
    // An empty cgroup that nobody has entered is in nobody's way, and goes with the namespace.
    const left = () =>
      this.ns.traces().map((path) => path.slice(this.ns.directory.length + 1))
        .filter((path) => path.startsWith("named/"))
        .filter((path) => path !== "named/task-other")
        .filter((path) => path.startsWith("named/task-") || this.ns.pids(path).length > 0);
    await until(`nothing is left after ${what}: ${left()}`, () => left().length === 0);
  }

  /** Ends all; then the namespace can be released, and nothing is left of it. */
  async close(): Promise<void> {
    const { ns } = this;
    await this.ask("stop", "--now", "other");
    assertEquals((await this.#batch.end()).code, 0);
    const { code, stderr } = await ns.lancoWith({ uid: 0 }, "release");
    assertEquals([code, stderr], [0, ""]);
    assert(!exists(ns.directory));
    const { stdout } = await exec(["cat", "/proc/self/mountinfo"], { uid: 0 });
    assert(!stdout.includes(ns.name));
  }
}
