import child from "./child.sh" with { type: "text" };
import pool from "./pool.sh" with { type: "text" };
import shim from "./shim.sh" with { type: "text" };
import { Failed, isScarcity } from "../../cli/errors.ts";
import { keeperOf } from "../../keeper/keeper_of.ts";
import type { Namespace } from "../../namespace/description.ts";
import { runsDirectory } from "../../namespace/paths.ts";
import { shellQuote } from "../../task/record.ts";
import { type Connection, encode, openBoth, removeFifos } from "./connection.ts";
import { ending, lives, ShimOutput } from "./output.ts";
import { readCallerEnvironment } from "./environment.ts";
import { STEP_TIMEOUT, within } from "./deadline.ts";
import { EndedEarly } from "./ended_early.ts";
import { letLiveOn, spawn } from "./spawn.ts";

/** How many FIFOs a shim pool has: one for each launch at a time, and some for launches that fail. */
const FIFOS = 64;

/** The longest request, in bytes: dash reads each byte by a system call of its own. */
const LARGEST = 8192;

/** How long no other pool is started when one could not be, in milliseconds. */
const PAUSE = 60_000;

/** Variables that bash does not let a script set: they can only come from its environment. */
const INHERITED = ["UID", "EUID", "GROUPS", "DIRSTACK", "FUNCNAME", "SECONDS"];

/** A request to fork a shim. */
export interface ShimRequest {
  /** The unique part of the name of its staged cgroup. */
  id: string;
  /** Variables to add to the environment. */
  variables: Record<string, string>;
  /** The arguments of the shim from the directory of the runs on. */
  words: readonly string[];
  /** See `ShimOptions.look`. */
  look: () => void;
}

/** A shim that has been forked. */
interface NewShim {
  /** The prefix of its lines. */
  tag: string;
  /** Its output. */
  output: ShimOutput;
  /** The FIFO from `run` to the shim. */
  go: Deno.FsFile;
  /** The path of this FIFO. */
  fifo: string;
  /** Closes the FIFO and ends the launch. */
  finish: () => void;
}

/**
 * A shell that forks the shims of many tasks: see `pool.sh`. The shims are not its children, nor
 * those of this process: see `ending` for how their exit status is found out.
 */
export class ShimPool {
  readonly #free: string[];
  readonly #shims = new Map<string, ShimOutput>();
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #count = 0;
  /** How many launches use a FIFO now. */
  #underWay = 0;
  /** Whether the shell has ended. */
  #dead = false;
  /** Whether the pool takes no more launches, and ends after the present ones. */
  #retired = false;
  #closed = false;

  private constructor(
    private readonly process: Deno.ChildProcess,
    private readonly directory: string,
    fifos: readonly string[],
  ) {
    this.#free = [...fifos];
    this.#output = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = process.stdin.getWriter();
    process.status.then(() => this.#dead = true);
  }

  /**
   * Starts a shim pool.
   *
   * @param umask The umask of the caller.
   * @throws {Failed} or an error of the file system if it cannot be started.
   */
  static async start(namespace: Namespace, umask: number): Promise<ShimPool> {
    const directory = `${runsDirectory(namespace.namespace)}/.new-${crypto.randomUUID()}`;
    const keeper = await keeperOf(namespace);
    const { stage, others } = keeper.poolCgroups(namespace);
    const words = [keeper.end + shim, child, directory, stage, others.join(" ")];
    Deno.mkdirSync(directory, { mode: 0o700 });
    let made: ShimPool | undefined;
    try {
      const fifos = Array.from({ length: FIFOS }, (_, i) => `${directory}/${i}`);
      const process = spawn({
        session: true,
        role: "lanco-pool",
        script: [pool, ...words, ...fifos],
        environment: readCallerEnvironment(),
        umask,
        options: { stdin: "piped", stdout: "piped", stderr: "null" },
      });
      made = new ShimPool(process, directory, fifos);
      const { done, value } = await within(STEP_TIMEOUT, made.#output.read());
      if (done) throw new Failed("the shim pool cannot be started");
      await keeper.takePool(namespace, process.pid);
      made.#listen(value);
      return made;
    } catch (error) {
      made?.close();
      removeFifos(directory);
      throw error;
    }
  }

  /** Whether the pool can fork one more shim. */
  get able(): boolean {
    return !this.#dead && !this.#retired && this.#free.length > 0;
  }

  /**
   * Forks a shim, which looks up its command and waits.
   *
   * @returns the connection to the shim; undefined if this shim needs a shell of its own.
   * @throws {Failed} if the shim was killed.
   */
  async fork({ id, variables, words, look }: ShimRequest): Promise<Connection | undefined> {
    const text = startText(variables, words);
    if (!this.able || encode(text).length > LARGEST || text.includes("\0")) return undefined;
    if (INHERITED.some((name) => Object.hasOwn(variables, name))) return undefined;
    const fifo = this.#free.pop() ?? "";
    let go: Deno.FsFile;
    try {
      this.#touch();
      go = openBoth(fifo);
    } catch (error) {
      this.#free.push(fifo);
      if (isScarcity(error)) throw error;
      // The FIFO is gone: the namespace has been released and initialised again.
      this.#retired = true;
      return undefined;
    }
    this.#underWay++;
    const tag = String(this.#count++);
    const output = new ShimOutput(() => !this.#dead);
    this.#shims.set(tag, output);
    const finish = () => {
      go.close();
      this.#underWay--;
      if (!this.able) this.close();
    };
    let made: Connection | undefined;
    try {
      await this.#input.write(encode(`${tag} ${fifo} ${id} ${text}`)).catch(() => {});
      const first = await within(STEP_TIMEOUT, output.read()) ?? "";
      const [line = "", number] = /^shim (\d+)\n/.exec(first) ?? [];
      if (number === undefined) throw new EndedEarly(137);
      const pid = Number(number);
      output.lives = () => lives(pid);
      output.putBack(first.slice(line.length));
      // A shim that could not move itself says so first.
      const more = await within(STEP_TIMEOUT, output.read(), look);
      if (more === null) throw new EndedEarly(137);
      output.putBack(more);
      if (more.startsWith("no\n")) this.#free.push(fifo);
      else made = this.#connection(pid, { tag, output, go, fifo, finish });
      return made;
    } finally {
      if (made === undefined) {
        this.#shims.delete(tag);
        finish();
      }
    }
  }

  /** Sets the time of the directory, for what is old is taken for abandoned and removed: see `forgetOldRuns`. */
  #touch(): void {
    const now = new Date();
    Deno.utimeSync(this.directory, now, now);
  }

  #connection(pid: number, { tag, output, go, fifo, finish }: NewShim): Connection {
    const forget = () => void this.#shims.delete(tag);
    return {
      pid,
      staged: true,
      get status() {
        return ending(pid, output).finally(forget);
      },
      read: () => output.read(),
      // A FIFO has room for all words of a launch. To write them in another thread takes longer.
      write: (word) => Promise.resolve(go.writeSync(encode(word))),
      // The FIFO is not used again: the child may still open or read it later.
      closeInput: finish,
      release: () => {
        this.#free.push(fifo);
        output.stop();
        forget();
        finish();
      },
    };
  }

  /** Ends the pool as soon as no launch uses it. The shims that it has forked live on. */
  close(): void {
    this.#retired = true;
    if (this.#underWay > 0 || this.#closed) return;
    this.#closed = true;
    this.#input.close().catch(() => {});
    letLiveOn(this.process);
    removeFifos(this.directory);
  }

  async #listen(text: string): Promise<void> {
    let rest = text;
    for (;;) {
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [tag = ""] = line.split(" ", 1);
        this.#shims.get(tag)?.append(line.slice(tag.length + 1) + "\n");
      }
      const { done, value } = await this.#output.read();
      if (done) return;
      rest += value;
    }
  }
}

/** The shim pool of this process; undefined within if it could not be started. */
let shared: Promise<ShimPool | undefined> | undefined;

/** The shim pool that was started last. */
let started: ShimPool | undefined;

/** When another pool may be started, on the clock of performance.now(). */
let next = 0;

/**
 * Returns the shim pool for all launches of a batch: a new one if the last one has no FIFOs left
 * or was killed. Returns undefined if a shim pool cannot be started; after a minute it is tried again.
 *
 * @param umask The umask of the caller.
 * @param batch The batch, which closes the pool at its end.
 */
export async function sharedPool(
  namespace: Namespace,
  umask: number,
  batch: { atEnd(close: () => void): void },
): Promise<ShimPool | undefined> {
  const last = shared;
  const pool = await last;
  if (pool?.able || (last !== undefined && pool === undefined && performance.now() < next)) {
    return pool;
  }
  // Another launch may have replaced the pool while this one waited.
  if (shared === last) {
    pool?.close();
    if (last === undefined) batch.atEnd(() => started?.close());
    next = performance.now() + PAUSE;
    shared = ShimPool.start(namespace, umask).then((made) => started = made, () => undefined);
  }
  return await shared;
}

/**
 * Returns the shell text that a forked shim evaluates first: it exports variables and sets the
 * arguments.
 *
 * @param variables Variables to add to the environment.
 * @param words The arguments of the shim.
 * @returns one line, with its line feed.
 */
export function startText(
  variables: Readonly<Record<string, string>>,
  words: readonly string[],
): string {
  const exported = Object.entries(variables).map(([name, value]) =>
    `export ${name}=${shellQuote(value)}; `
  );
  const text = `${exported.join("")}set -- ${words.map(shellQuote).join(" ")}`;
  // A line feed can only be within quotes here.
  return `${text.replaceAll("\n", `'"$lanco_nl"'`)}\n`;
}
