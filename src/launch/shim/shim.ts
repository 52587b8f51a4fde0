import child from "./child.sh" with { type: "text" };
import prologue from "./prologue.sh" with { type: "text" };
import shim from "./shim.sh" with { type: "text" };
import { Failed, LancoError } from "../../cli/errors.ts";
import type { CallerEnvironment } from "./environment.ts";
import { byFifos, byPipes, type Connection, openFifos } from "./connection.ts";
import { removeTree } from "../../task/record_file.ts";
import type { ShimPool } from "./pool.ts";
import { STEP_TIMEOUT, within } from "./deadline.ts";
import { spawn } from "./spawn.ts";

/** What the shim is told to start. */
export interface ShimOptions {
  /** Whether the command keeps the caller's terminal, session and standard streams. */
  foreground: boolean;
  /** What tells this launch from all others. */
  id: string;
  /** The directory in which runs are on record. */
  runs: string;
  /** The directory of the marks on disk. */
  marks: string;
  /** What to set oom_score_adj to, if it is not to be the caller's. */
  oomScore: number | undefined;
  /** The log's absolute path; none leaves the output where it goes. */
  log?: string;
  /** The directory to change to first. */
  directory?: string;
  /** The absolute path of a file for the standard input. */
  input?: string;
  /** What the shells would change in the environment. */
  environment: CallerEnvironment;
  /** Variables to add to the environment. */
  variables: Record<string, string>;
  /** The umask of the caller, which is the command's. */
  umask: number;
  /** The command and its arguments. */
  command: readonly string[];
  /** What to fork the shim from, if that can be. */
  pool?: ShimPool | undefined;
  /** Called while it is waited for what the shim says: throws if there is no use in that. */
  look: () => void;
}

/** The shim, or the task's first process, has ended before it became the command, and said nothing. */
export class EndedEarly extends Failed {
  /** @param status The exit status, 128 + n for signal n. */
  constructor(readonly status: number) {
    super("the task was killed before its start");
  }
}

/** The shim of one task, seen from `run`. See `shim.sh` for what it does. */
export class Shim {
  /** Descriptors of the caller that could not be closed in the task. */
  leaks: string[] = [];
  /** Variables of the caller's environment that could not be handed on, separated by spaces. */
  lost = "";
  #lines: string[] = [];
  #rest = "";
  #released = false;

  private constructor(private readonly connection: Connection, private readonly look: () => void) {}

  /**
   * Starts the shim, which looks for the command and waits.
   *
   * @throws {NotPermitted} if the caller may not enter his own working directory.
   * @throws {Failed} if there is no way to start a shell.
   */
  static async start(options: ShimOptions): Promise<Shim> {
    return new Shim(await byNursery(options) ?? await bySpawning(options), options.look);
  }

  /** The process id of the shim. */
  get pid(): number {
    return this.connection.pid;
  }

  /** Whether it is in its staged cgroup already, with all that it will start. */
  get staged(): boolean {
    return this.connection.staged;
  }

  /** The shim's exit status, once it has ended: the command's own. */
  get status(): Connection["status"] {
    return this.connection.status;
  }

  /** Lets the shim live on when this process ends. */
  release(): void {
    this.#released = true;
    this.connection.release();
  }

  /** Tells the shim the id of the run. */
  async name(run: string): Promise<void> {
    await this.connection.write(`${run}\n`);
  }

  /** Lets the shim start its child, or that take its next step. */
  async go(): Promise<void> {
    await this.connection.write("go\n");
  }

  /** Makes the child end without running anything, unless it has been told to. */
  abandon(): void {
    this.connection.closeInput();
  }

  /**
   * Waits for the child to say the word.
   *
   * @returns what it said after it.
   * @throws {LancoError} if the shim or its child says that it cannot go on.
   */
  async expect(word: string): Promise<string> {
    for (;;) {
      const [said = "", ...rest] = (await this.#line()).split(" ");
      const text = rest.join(" ");
      if (said === word) return text;
      if (said === "leak") this.leaks = text.trim().split(" ").map((fd) => fd.replace(">&-", ""));
      else if (said === "lost") this.lost = text;
      else if (said === "error") throw refusal(Number(rest[0]), rest.slice(1).join(" "));
      else if (said === "failed") throw notExecuted(text);
      else if (said === "ended") throw new EndedEarly(Number(text));
      // A signal has woken it that it was to be told nothing by.
      else if (said === "void") throw new EndedEarly(1);
      else throw new Failed(`the shim said "${said}" instead of "${word}"`);
    }
  }

  async #line(): Promise<string> {
    for (let line = this.#lines.shift();; line = this.#lines.shift()) {
      if (line !== undefined) return line;
      const text = await within(STEP_TIMEOUT, this.connection.read(), this.look);
      // Nobody is told any more how it ends: to ask would be to look until then.
      if (text === null && this.#released) throw new Failed("the shim is on its own");
      if (text === null) throw new EndedEarly((await this.status).code);
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines.push(...lines);
    }
  }
}

/** The arguments of the shim from the directory of the runs on: see `shim.sh`. */
function shimWords(options: ShimOptions): string[] {
  const { command, environment } = options;
  return [
    options.runs,
    options.marks,
    options.directory ?? "",
    command[0] ?? "",
    options.log ?? "",
    options.input ?? "",
    environment.unset.join(" "),
    environment.shellLevel,
    String(options.oomScore ?? ""),
    ...command,
  ];
}

async function bySpawning(options: ShimOptions): Promise<Connection> {
  const { foreground } = options;
  if (!foreground) return byPipes(spawnShim(options, "bg"));
  const fifos = await openFifos(`${options.runs}/.new-${options.id}`);
  try {
    return byFifos(spawnShim(options, fifos.directory), fifos);
  } catch (error) {
    removeTree(fifos.directory);
    throw error;
  }
}

function spawnShim(options: ShimOptions, mode: string): Deno.ChildProcess {
  const { foreground, directory, environment } = options;
  const stream = foreground ? "inherit" : "piped";
  return spawn({
    session: !foreground,
    shell: ["-c", prologue, "lanco", shim, child, mode, ...shimWords(options)],
    environment,
    umask: options.umask,
    options: {
      stdin: stream,
      stdout: stream,
      stderr: foreground ? "inherit" : "null",
      env: { ...options.variables, ...environment.restore },
      // An absolute directory needs no way through one that may be closed to the caller.
      ...(directory?.startsWith("/") ? { cwd: "/" } : {}),
    },
  });
}

/** Nothing if there is no pool, or it cannot do that. */
async function byNursery(options: ShimOptions): Promise<Connection | undefined> {
  const { pool, id, environment } = options;
  const variables = { ...options.variables, ...environment.restore };
  return await pool?.fork({ id, variables, words: shimWords(options) });
}

/** What is wrong with a command that was found, from the status that a shell or env(1) gives. */
export function notExecuted(status: string): LancoError {
  return status === "127"
    ? new LancoError("cannot run the command: its interpreter was not found", 127)
    : new LancoError("cannot run the command: it cannot be executed", 126);
}

function refusal(status: number, message: string): LancoError {
  return status === 1 ? new Failed(message) : new LancoError(message, status);
}
