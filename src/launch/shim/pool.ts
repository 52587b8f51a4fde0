import prologue from "./prologue.sh" with { type: "text" };
import child from "./child.sh" with { type: "text" };
import pool from "./pool.sh" with { type: "text" };
import shim from "./shim.sh" with { type: "text" };
import { Failed } from "../../cli/errors.ts";
import type { Namespace } from "../../namespace/description.ts";
import { namedRoot, namespaceDirectory } from "../../namespace/paths.ts";
import { shellQuote } from "../../task/record.ts";
import { removeTree } from "../../task/record_file.ts";
import { type Connection, encode, openBoth } from "./connection.ts";
import { ending, lives, ShimOutput } from "./output.ts";
import { readCallerEnvironment } from "./environment.ts";
import { STEP_TIMEOUT, within } from "./deadline.ts";
import { spawn } from "./spawn.ts";

/** How many FIFOs a shim pool has: one for each launch at a time, and some to lose. */
const FIFOS = 64;

/** The most bytes that are told of a shim: dash reads each by a call of its own (read(2)). */
const LARGEST = 8192;

/** Variables that bash gets from its parent only. */
const INHERITED = ["UID", "EUID", "GROUPS", "DIRSTACK", "FUNCNAME", "SECONDS"];

/** What is to be forked. */
export interface ShimRequest {
  /** What tells its staged cgroup from all others. */
  id: string;
  /** What is added to the environment. */
  variables: Record<string, string>;
  /** The arguments of the shim from the directory of the runs on. */
  words: readonly string[];
}

/** What belongs to one that has been forked. */
interface NewShim {
  /** What its lines begin with. */
  tag: string;
  /** What it says. */
  output: ShimOutput;
  /** The FIFO that tells its child what to do. */
  go: Deno.FsFile;
  /** The path of that. */
  fifo: string;
  /** Ends the conversation. */
  finish: () => void;
}

/**
 * A shell that forks the shims of many tasks: see `pool.sh`. It says nothing of how they
 * end, for they are nobody's children.
 */
export class ShimPool {
  readonly #free: string[];
  readonly #shims = new Map<string, ShimOutput>();
  readonly #said: ReadableStreamDefaultReader<string>;
  readonly #told: WritableStreamDefaultWriter<Uint8Array>;
  #count = 0;
  #underWay = 0;
  /** Whether the process has ended. */
  #dead = false;
  /** Whether it is to end when nothing is under way. */
  #retired = false;
  #closed = false;

  private constructor(
    private readonly process: Deno.ChildProcess,
    private readonly directory: string,
    fifos: readonly string[],
  ) {
    this.#free = [...fifos];
    this.#said = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#told = process.stdin.getWriter();
    process.status.then(() => this.#dead = true);
  }

  /**
   * Starts one.
   *
   * @param umask The umask of the caller.
   * @throws {Failed} or an error of the file system if that cannot be done.
   */
  static async start({ namespace, hierarchies }: Namespace, umask: number): Promise<ShimPool> {
    const root = namespaceDirectory(namespace);
    const directory = `${root}/runs/.new-${crypto.randomUUID()}`;
    const places = hierarchies.filter(({ version }) => version === 1)
      .map(({ name }) => `${root}/${name}`);
    const words = [shim, child, directory, `${namedRoot(namespace)}/new-`, places.join(" ")];
    Deno.mkdirSync(directory, { mode: 0o700 });
    let made: ShimPool | undefined;
    try {
      const fifos = Array.from({ length: FIFOS }, (_, i) => `${directory}/${i}`);
      const process = spawn({
        session: true,
        shell: ["-c", prologue, "lanco", pool, ...words, ...fifos],
        environment: readCallerEnvironment(),
        umask,
        options: { stdin: "piped", stdout: "piped", stderr: "null" },
      });
      made = new ShimPool(process, directory, fifos);
      const { done, value } = await within(STEP_TIMEOUT, made.#said.read());
      if (done) throw new Failed("no shell can be forked here");
      made.#listen(value);
      return made;
    } catch (error) {
      made?.close();
      removeTree(directory);
      throw error;
    }
  }

  /** Whether it can fork one more. */
  get able(): boolean {
    return !this.#dead && !this.#retired && this.#free.length > 0;
  }

  /**
   * Forks a shim, which looks for its command and waits.
   *
   * @returns nothing if this one needs a shell of its own.
   * @throws {Failed} if the shim pool was killed.
   */
  async fork({ id, variables, words }: ShimRequest): Promise<Connection | undefined> {
    const text = startText(variables, words);
    if (!this.able || encode(text).length > LARGEST || text.includes("\0")) return undefined;
    if (INHERITED.some((name) => Object.hasOwn(variables, name))) return undefined;
    const fifo = this.#free.pop() ?? "";
    let go: Deno.FsFile;
    try {
      go = openBoth(fifo);
    } catch {
      // The namespace has been made anew.
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
    try {
      await this.#told.write(encode(`${tag} ${fifo} ${id} ${text}`)).catch(() => {});
      const first = await within(STEP_TIMEOUT, output.read()) ?? "";
      const [line = "", number] = /^shim (\d+)\n/.exec(first) ?? [];
      if (first !== "no\n" && number === undefined) {
        throw new Failed("the task was killed before its start");
      }
      output.putBack(first.slice(line.length));
      if (number !== undefined) {
        return this.#connection(Number(number), { tag, output, go, fifo, finish });
      }
      this.#free.push(fifo);
    } catch (error) {
      this.#shims.delete(tag);
      finish();
      throw error;
    }
    this.#shims.delete(tag);
    finish();
    return undefined;
  }

  #connection(pid: number, { tag, output, go, fifo, finish }: NewShim): Connection {
    output.lives = () => lives(pid);
    const forget = () => void this.#shims.delete(tag);
    return {
      pid,
      staged: true,
      get status() {
        return ending(pid, output).finally(forget);
      },
      read: () => output.read(),
      write: (word) => go.write(encode(word)),
      // The FIFO is not used again: it may be a while before the child opens it, or reads it.
      closeInput: finish,
      release: () => {
        this.#free.push(fifo);
        output.stop();
        forget();
        finish();
      },
    };
  }

  /** Ends it as soon as nothing is under way; what it has started lives on. */
  close(): void {
    this.#retired = true;
    if (this.#underWay > 0 || this.#closed) return;
    this.#closed = true;
    this.#told.close().catch(() => {});
    this.process.unref();
    removeTree(this.directory);
  }

  async #listen(text: string): Promise<void> {
    let rest = text;
    for (;;) {
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [tag = ""] = line.split(" ", 1);
        this.#shims.get(tag)?.say(line.slice(tag.length + 1) + "\n");
      }
      const { done, value } = await this.#said.read();
      if (done) return;
      rest += value;
    }
  }
}

/** The one of this batch, or that there can be none. */
let shared: Promise<ShimPool | undefined> | undefined;

/**
 * The shim pool for all launches of a batch; another when the last one is worn out, or was
 * killed. Nothing if there can be none.
 *
 * @param umask The umask of the caller.
 * @param batch Told what to do at its end.
 */
export async function sharedPool(
  namespace: Namespace,
  umask: number,
  batch: { atEnd(close: () => void): void },
): Promise<ShimPool | undefined> {
  const last = shared;
  const pool = await last;
  if (last !== undefined && (pool === undefined || pool.able)) return pool;
  // Many may have come here at once.
  if (shared === last) {
    pool?.close();
    shared = ShimPool.start(namespace, umask).then((made) => {
      batch.atEnd(() => made.close());
      return made;
    }, () => undefined);
  }
  return await shared;
}

/**
 * What the shim pool evaluates before it becomes a shim.
 *
 * @param variables What is added to the environment.
 * @param words The arguments of the shim.
 * @returns one line, and its end.
 */
export function startText(
  variables: Readonly<Record<string, string>>,
  words: readonly string[],
): string {
  const exported = Object.entries(variables).map(([name, value]) =>
    `export ${name}=${shellQuote(value)}; `
  );
  const text = `${exported.join("")}set -- ${words.map(shellQuote).join(" ")}`;
  // Each is within quotes.
  return `${text.replaceAll("\n", `'"$lanco_nl"'`)}\n`;
}
