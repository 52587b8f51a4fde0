import child from "./child.sh" with { type: "text" };
import shim from "./shim.sh" with { type: "text" };
import { Failed, LancoError } from "../../cli/errors.ts";
import type { LaunchOptions } from "../launch_options.ts";
import type { CallerEnvironment } from "./environment.ts";
import { byFifos, byPipes, type Connection, openFifos, removeFifos } from "./connection.ts";
import type { ShimPool } from "./pool.ts";
import { STEP_TIMEOUT, within } from "./deadline.ts";
import { EndedEarly } from "./ended_early.ts";
import { cwdFor, spawn } from "./spawn.ts";

/** The options of a launch that its shim needs, with absolute paths of files. */
type OfLaunch = Pick<
  LaunchOptions,
  "command" | "foreground" | "directory" | "input" | "log" | "errors"
>;

/** Options for starting a shim. */
export interface ShimOptions extends OfLaunch {
  /** A unique word for this launch. */
  id: string;
  /** The directory of all runs. */
  runs: string;
  /** The directory of the marks on disk of all runs. */
  marks: string;
  /** Shell text by which it cleans up at the end of the run: see `Keeper.end`. */
  end: string;
  /** Where the task will be: see `Keeper.place`. */
  place: string;
  /** The new oom_score_adj, if it is not to be the caller's (proc_pid_oom_score_adj(5)). */
  oomScore: number | undefined;
  /** The caller's environment. */
  environment: CallerEnvironment;
  /** Variables to add to the environment. */
  variables: Record<string, string>;
  /** The umask of the caller, which is the command's. */
  umask: number;
  /** The shim pool that forks the shim, if there is one. */
  pool?: ShimPool | undefined;
  /** Called every half second while `run` waits for the shim; throws if waiting is of no use. */
  look: () => void;
}

/** The shim of one task: see `shim.sh`. */
export class Shim {
  /** Descriptors of the caller that could not be closed in the task. */
  leaks: string[] = [];
  /** Variables of the caller's environment that the command does not get, separated by spaces. */
  lost = "";
  #lines: string[] = [];
  #rest = "";
  #released = false;

  private constructor(private readonly connection: Connection, private readonly look: () => void) {}

  /**
   * Starts the shim, which looks up the command and waits.
   *
   * @throws {NotPermitted} if the caller may not enter their own working directory.
   * @throws {Failed} if the shell cannot be started.
   */
  static async start(options: ShimOptions): Promise<Shim> {
    return new Shim(await byPool(options) ?? await bySpawning(options), options.look);
  }

  /** The process id of the shim. */
  get pid(): number {
    return this.connection.pid;
  }

  /** Whether the shim is in its staged cgroup already, so that its children will be too. */
  get staged(): boolean {
    return this.connection.staged;
  }

  /** The shim's exit status, once it has ended: it is that of the command. */
  get status(): Connection["status"] {
    return this.connection.status;
  }

  /** Lets the shim live on when this process ends. */
  release(): void {
    this.#released = true;
    this.connection.release();
  }

  /**
   * Sends the shim the id of the run.
   *
   * @param inode The inode of the registered cgroup.
   * @param held The pipe that it is to hold open until it ends, if there is one.
   */
  async name(run: string, inode: number, held: string): Promise<void> {
    await this.connection.write(`${run} ${inode} ${held}\n`);
  }

  /**
   * Lets the shim start its child, or lets the child take its next step.
   *
   * @param words The path of the pipe that the shim is to lock; later words for its log and the like,
   * which the child writes into the status before the command.
   */
  async go(words = ""): Promise<void> {
    await this.connection.write(`go ${words}\n`);
  }

  /** Makes the child end without executing the command, unless it was told to execute it. */
  abandon(): void {
    this.connection.closeInput();
  }

  /**
   * Waits for the line of the shim or its child that begins with a word, such as "ready".
   *
   * @returns the rest of this line.
   * @throws {EndedEarly} if the shim or its child has ended without that line.
   * @throws {LancoError} if the shim or its child reports an error.
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
      // A signal has interrupted the shim, which took it for the end of its input.
      else if (said === "void") throw new EndedEarly(1);
      else throw new Failed(`the shim said "${said}" instead of "${word}"`);
    }
  }

  async #line(): Promise<string> {
    for (let line = this.#lines.shift();; line = this.#lines.shift()) {
      if (line !== undefined) return line;
      const text = await within(STEP_TIMEOUT, this.connection.read(), this.look);
      // The status of a shim that was released is not waited for: the task may run for long.
      if (text === null && this.#released) throw new Failed("the shim has been released");
      if (text === null) throw new EndedEarly((await this.status).code);
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines.push(...lines);
    }
  }
}

/** Returns the arguments of the shim from the directory of the runs on: see `shim.sh`. */
function shimWords(options: ShimOptions): string[] {
  const { command, environment } = options;
  return [
    options.runs,
    options.marks,
    options.place,
    options.directory ?? "",
    command[0] ?? "",
    options.log ?? "",
    options.errors ?? "",
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
    removeFifos(fifos.directory);
    throw error;
  }
}

function spawnShim(options: ShimOptions, mode: string): Deno.ChildProcess {
  const { foreground, directory, environment } = options;
  const stream = foreground ? "inherit" : "piped";
  return spawn({
    session: !foreground,
    role: "lanco-shim",
    script: [options.end + shim, child, mode, ...shimWords(options)],
    environment,
    umask: options.umask,
    options: {
      stdin: stream,
      stdout: stream,
      stderr: foreground ? "inherit" : "null",
      env: { ...options.variables, ...environment.restore },
      ...cwdFor(directory),
    },
  });
}

/** Returns undefined if there is no shim pool, or it cannot fork this shim. */
async function byPool(options: ShimOptions): Promise<Connection | undefined> {
  const { pool, id, environment, command, directory, log, errors, input, look } = options;
  // All shims of a pool have one output, where a name in a message could look like another's line.
  const named = [command[0], directory, log, errors, input];
  if (named.some((name) => name?.includes("\n"))) return undefined;
  const variables = { ...options.variables, ...environment.restore };
  return await pool?.fork({ id, variables, words: shimWords(options), look });
}

/** Returns the error for a command that was found but not executed, from the exit status of a shell or env(1). */
export function notExecuted(status: string): LancoError {
  return status === "127"
    ? new LancoError(
      "cannot run the command: its interpreter was not found: see its first line",
      127,
    )
    : new LancoError(
      "cannot run the command: it cannot be executed: is it a program for this machine?",
      126,
    );
}

function refusal(status: number, message: string): LancoError {
  return status === 1 ? new Failed(message) : new LancoError(message, status);
}
