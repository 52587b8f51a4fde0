import prologue from "./prologue.sh" with { type: "text" };
import child from "./child.sh" with { type: "text" };
import nursery from "./nursery.sh" with { type: "text" };
import shim from "./shim.sh" with { type: "text" };
import { Failed } from "../../cli/errors.ts";
import { namedRoot, type Namespace, namespaceDirectory } from "../../namespace/namespace.ts";
import { shellQuote } from "../../task/record.ts";
import { removeTree } from "../../task/record_file.ts";
import { type Contact, encode, openBoth } from "./contact.ts";
import { Ear, ending, lives } from "./ear.ts";
import { readCallerEnvironment } from "./environment.ts";
import { PATIENCE, within } from "./patience.ts";
import { spawn } from "./spawn.ts";

/** How many FIFOs a nursery has: one for each launch at a time, and some to lose. */
const FIFOS = 64;

/** The most bytes that are told of a shim: dash reads each by a call of its own (read(2)). */
const LARGEST = 8192;

/** Variables that bash gets from its parent only. */
const INHERITED = ["UID", "EUID", "GROUPS", "DIRSTACK", "FUNCNAME", "SECONDS"];

/** What is to be forked. */
export interface Birth {
  /** What tells its staged cgroup from all others. */
  id: string;
  /** What is added to the environment. */
  variables: Record<string, string>;
  /** The arguments of the shim from the directory of the runs on. */
  words: readonly string[];
}

/** What belongs to one that has been forked. */
interface Newborn {
  /** What its lines begin with. */
  tag: string;
  /** What it says. */
  ear: Ear;
  /** The FIFO that tells its child what to do. */
  go: Deno.FsFile;
  /** The path of that. */
  fifo: string;
  /** Ends the conversation. */
  finish: () => void;
}

/**
 * A shell that forks the shims of many tasks: see `nursery.sh`. It says nothing of how they
 * end, for they are nobody's children.
 */
export class Nursery {
  readonly #free: string[];
  readonly #born = new Map<string, Ear>();
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
  static async start({ namespace, hierarchies }: Namespace, umask: number): Promise<Nursery> {
    const root = namespaceDirectory(namespace);
    const directory = `${root}/runs/.new-${crypto.randomUUID()}`;
    const places = hierarchies.filter(({ version }) => version === 1)
      .map(({ name }) => `${root}/${name}`);
    const words = [shim, child, directory, `${namedRoot(namespace)}/new-`, places.join(" ")];
    Deno.mkdirSync(directory, { mode: 0o700 });
    let made: Nursery | undefined;
    try {
      const fifos = Array.from({ length: FIFOS }, (_, i) => `${directory}/${i}`);
      const process = spawn({
        session: true,
        shell: ["-c", prologue, "lanco", nursery, ...words, ...fifos],
        environment: readCallerEnvironment(),
        umask,
        options: { stdin: "piped", stdout: "piped", stderr: "null" },
      });
      made = new Nursery(process, directory, fifos);
      const { done, value } = await within(PATIENCE, made.#said.read());
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
   * @throws {Failed} if the nursery was killed.
   */
  async fork({ id, variables, words }: Birth): Promise<Contact | undefined> {
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
    const ear = new Ear(() => !this.#dead);
    this.#born.set(tag, ear);
    const finish = () => {
      go.close();
      this.#underWay--;
      if (!this.able) this.close();
    };
    try {
      await this.#told.write(encode(`${tag} ${fifo} ${id} ${text}`)).catch(() => {});
      const first = await within(PATIENCE, ear.hear()) ?? "";
      const [line = "", number] = /^shim (\d+)\n/.exec(first) ?? [];
      if (first !== "no\n" && number === undefined) {
        throw new Failed("the task was killed before its start");
      }
      ear.unhear(first.slice(line.length));
      if (number !== undefined) {
        return this.#contact(Number(number), { tag, ear, go, fifo, finish });
      }
      this.#free.push(fifo);
    } catch (error) {
      this.#born.delete(tag);
      finish();
      throw error;
    }
    this.#born.delete(tag);
    finish();
    return undefined;
  }

  #contact(pid: number, { tag, ear, go, fifo, finish }: Newborn): Contact {
    ear.lives = () => lives(pid);
    const forget = () => void this.#born.delete(tag);
    return {
      pid,
      staged: true,
      get status() {
        return ending(pid, ear).finally(forget);
      },
      hear: () => ear.hear(),
      tell: (word) => go.write(encode(word)),
      // The FIFO is not used again: it may be a while before the child opens it, or reads it.
      hangUp: finish,
      release: () => {
        this.#free.push(fifo);
        ear.stop();
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
        this.#born.get(tag)?.say(line.slice(tag.length + 1) + "\n");
      }
      const { done, value } = await this.#said.read();
      if (done) return;
      rest += value;
    }
  }
}

/** The one of this batch, or that there can be none. */
let shared: Promise<Nursery | undefined> | undefined;

/**
 * The nursery for all launches of a batch; another when the last one is worn out, or was
 * killed. Nothing if there can be none.
 *
 * @param umask The umask of the caller.
 * @param batch Told what to do at its end.
 */
export async function sharedNursery(
  namespace: Namespace,
  umask: number,
  batch: { atEnd(close: () => void): void },
): Promise<Nursery | undefined> {
  const last = shared;
  const nursery = await last;
  if (last !== undefined && (nursery === undefined || nursery.able)) return nursery;
  // Many may have come here at once.
  if (shared === last) {
    nursery?.close();
    shared = Nursery.start(namespace, umask).then((made) => {
      batch.atEnd(() => made.close());
      return made;
    }, () => undefined);
  }
  return await shared;
}

/**
 * What the nursery evaluates before it becomes a shim.
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
