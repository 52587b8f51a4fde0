import child from "./child.sh" with { type: "text" };
import prologue from "./prologue.sh" with { type: "text" };
import shim from "./shim.sh" with { type: "text" };
import { Failed, LancoError } from "../../cli/errors.ts";
import type { CallerEnvironment } from "./environment.ts";
import { PATIENCE, within } from "./patience.ts";
import { spawn } from "./spawn.ts";

/** What the shim is told to start. */
export interface ShimOptions {
  /** Whether the command keeps the caller's terminal, session and standard streams. */
  foreground: boolean;
  /** The directory for the record of this run. It exists. */
  runDirectory: string;
  /** The number of the run. */
  run: number;
  /** Where the exit command will be, if there is one. */
  exitCommand: string;
  /** A file that restores what shells drop of the environment, if they drop something. */
  restore: string | undefined;
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
}

/** How long what a shim has said may take to arrive after its end, in milliseconds. */
const GRACE = 1000;

/** The line that stands for the end of what is said. */
const END = "";

/** The shim of one task, seen from `run`. See `shim.sh` for what it does. */
export class Shim {
  /** Descriptors of the caller that could not be closed in the task. */
  leaks: string[] = [];
  /** Variables of the caller's environment that could not be handed on, separated by spaces. */
  lost = "";
  #lines: string[] = [];
  #rest = "";
  #decoder = new TextDecoder();

  private constructor(
    private readonly process: Deno.ChildProcess,
    private readonly heard: () => Promise<Uint8Array | null>,
    private readonly told: { write(bytes: Uint8Array): Promise<unknown>; close(): void },
  ) {}

  /**
   * Starts the shim, which looks for the command and waits.
   *
   * @throws {NotPermitted} if the caller may not enter his own working directory.
   * @throws {Failed} if there is no way to start a shell.
   */
  static async start(options: ShimOptions): Promise<Shim> {
    const { foreground, runDirectory, directory, environment } = options;
    const words = [
      "-c",
      prologue,
      "lanco",
      shim,
      foreground ? "fg" : "bg",
      runDirectory,
      String(options.run),
    ];
    words.push(directory ?? "", child, options.command[0] ?? "");
    words.push(options.log ?? "", options.input ?? "");
    words.push(environment.unset.join(" "), environment.shellLevel, options.exitCommand);
    words.push(options.restore ?? "", runDirectory, ...options.command);
    const stream = foreground ? "inherit" : "piped";
    const fifos = foreground ? await openFifos(runDirectory) : undefined;
    const process = spawn({
      session: !foreground,
      shell: words,
      environment,
      umask: options.umask,
      options: {
        stdin: stream,
        stdout: stream,
        stderr: foreground ? "inherit" : "null",
        env: options.variables,
        // An absolute directory needs no way through one that may be closed to the caller.
        ...(directory?.startsWith("/") ? { cwd: "/" } : {}),
      },
    });
    if (fifos) {
      // What run holds open itself has no end: it is written behind what the shim said last.
      const end = new TextEncoder().encode(`${END}\n`);
      process.status.then(() => fifos.said.writeSync(end)).catch(() => {});
      return new Shim(process, () => readSome(fifos.said), fifos.go);
    }
    const said = process.stdout.getReader();
    const gone = process.status.then(() => later(GRACE)).then(() => null);
    return new Shim(
      process,
      // Its child has the pipe open too, and waits.
      () => Promise.race([said.read().then(({ value }) => value ?? null), gone]),
      byteWriter(process.stdin),
    );
  }

  /** The process id of the shim. */
  get pid(): number {
    return this.process.pid;
  }

  /** The shim's exit status, once it has ended: the command's own. */
  get status(): Promise<Deno.CommandStatus> {
    return this.process.status;
  }

  /** Lets the shim live on when this process ends; Deno would kill it. */
  release(): void {
    this.process.unref();
  }

  /** Lets the child take its next step. */
  async go(): Promise<void> {
    await this.told.write(new TextEncoder().encode("go\n"));
  }

  /** Makes the child end without running anything, unless it has been told to. */
  abandon(): void {
    this.told.close();
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
      else throw new Failed(`the shim said "${said}" instead of "${word}"`);
    }
  }

  async #line(): Promise<string> {
    for (let line = this.#lines.shift();; line = this.#lines.shift()) {
      if (line !== undefined && line !== END) return line;
      const bytes = line === END ? null : await within(PATIENCE, this.heard());
      if (bytes === null) {
        throw new Failed("the task was killed before its start");
      }
      const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines.push(...lines);
    }
  }
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

/** In the foreground 0, 1 and 2 are the command's: the shim is spoken to through FIFOs. */
async function openFifos(directory: string): Promise<{ go: Deno.FsFile; said: Deno.FsFile }> {
  const [go, said] = [`${directory}/go`, `${directory}/said`];
  const { success } = await new Deno.Command("/usr/bin/mkfifo", { args: [go, said], cwd: "/" })
    .output();
  if (!success) throw new Failed(`cannot make FIFOs in ${directory}`);
  // Open for both, because opening for one waits for the other side.
  const both = { read: true, write: true };
  return { go: Deno.openSync(go, both), said: Deno.openSync(said, both) };
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function readSome(file: Deno.FsFile): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(4096);
  const size = await file.read(buffer);
  return size === null ? null : buffer.subarray(0, size);
}

function byteWriter(
  stream: WritableStream<Uint8Array>,
): { write(bytes: Uint8Array): Promise<unknown>; close(): void } {
  const writer = stream.getWriter();
  return {
    write: (bytes) => writer.write(bytes as Uint8Array<ArrayBuffer>),
    close: () => void writer.close().catch(() => {}),
  };
}
