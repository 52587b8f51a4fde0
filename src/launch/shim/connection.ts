import { Failed } from "../../cli/errors.ts";
import { delay } from "../../cli/sleep.ts";
import { leadsAstray, removeTree } from "../../task/record_file.ts";
import { letLiveOn } from "./spawn.ts";

/** A connection between `run` and a shim that it has started. */
export interface Connection {
  /** The process id of the shim. */
  readonly pid: number;
  /** Whether the shim is in its staged cgroup already, so that its children will be too. */
  readonly staged: boolean;
  /** The exit status of the shim, once it has ended. */
  readonly status: Promise<Pick<Deno.CommandStatus, "code" | "signal">>;
  /** Returns the shim's output since the last call; null if it has ended and all was read. */
  read(): Promise<string | null>;
  /** Sends text to the shim, or to its child: both read the same descriptor. */
  write(text: string): Promise<unknown>;
  /** Closes the input of the shim and of its child. */
  closeInput(): void;
  /** Lets the shim live on when this process ends. */
  release(): void;
}

/** How long the output of a process may take to arrive after its end, in milliseconds. */
export const GRACE = 1000;

/** The character that marks the end of the output in a FIFO. */
const END = "\0";

/** Returns the connection to a shim whose standard streams are pipes. */
export function byPipes(process: Deno.ChildProcess): Connection {
  const said = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const told = process.stdin.getWriter();
  const gone = process.status.then(() => delay(GRACE)).then(() => null);
  return {
    pid: process.pid,
    staged: false,
    status: process.status,
    // The pipe may stay open after the shim's end: its child has it open, too.
    read: () => Promise.race([said.read().then(({ value }) => value ?? null), gone]),
    write: (text) => told.write(encode(text)),
    closeInput: () => void told.close().catch(() => {}),
    release: () => {
      // A batch, which goes on, must not keep the descriptors.
      told.close().catch(() => {});
      said.cancel().catch(() => {});
      letLiveOn(process);
    },
  };
}

/** The two FIFOs of a shim in the foreground, which has the caller's standard streams. */
export interface Fifos {
  /** The directory of the FIFOs, which is removed when both sides have opened them. */
  directory: string;
  /** The FIFO from `run` to the shim. */
  go: Deno.FsFile;
  /** The FIFO from the shim to `run`. */
  said: Deno.FsFile;
}

/**
 * Makes a directory with two FIFOs called `go` and `said`, and opens them. Other users get no
 * permission for them, for whoever reads from a FIFO takes the data away from its reader.
 *
 * @throws {Failed} if the FIFOs cannot be made.
 */
export async function openFifos(directory: string): Promise<Fifos> {
  Deno.mkdirSync(directory, { mode: 0o700 });
  try {
    const [go, said] = [`${directory}/go`, `${directory}/said`];
    const args = ["-m", "600", go, said];
    const { success } = await new Deno.Command("/usr/bin/mkfifo", { args, cwd: "/" }).output();
    if (!success) {
      throw new Failed(
        `cannot make FIFOs in ${directory}: see whether it has room and may be written`,
      );
    }
    return { directory, go: openBoth(go), said: openBoth(said) };
  } catch (error) {
    removeFifos(directory);
    throw error;
  }
}

/**
 * Removes a directory of FIFOs, which those that use them have opened. If it cannot be removed, as
 * when another process of the owner keeps putting files there, it is left to `forgetOldRuns`.
 */
export function removeFifos(directory: string): void {
  try {
    removeTree(directory);
  } catch {
    // It is in nobody's way.
  }
}

/**
 * Opens a FIFO for reading and writing, which does not wait for the other side (fifo(7)).
 *
 * @throws {Failed} if another file has been put in its place.
 */
export function openBoth(fifo: string): Deno.FsFile {
  try {
    const file = Deno.openSync(fifo, { read: true, write: true });
    if (file.statSync().isFifo) return file;
    file.close();
  } catch (error) {
    if (!leadsAstray(error) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new Failed(`cannot use ${fifo}: another file was put in its place`);
}

/** Returns the connection to a shim by FIFOs. */
export function byFifos(process: Deno.ChildProcess, { directory, go, said }: Fifos): Connection {
  const decoder = new TextDecoder();
  let over = false;
  // This process has the FIFO open for writing, too, and so never reads an end of file: it writes
  // a mark behind the last output of the shim.
  process.status.then(() => said.writeSync(encode(END))).catch(() => {});
  return {
    pid: process.pid,
    staged: false,
    status: process.status,
    async read() {
      if (over) return null;
      const buffer = new Uint8Array(4096);
      const size = await said.read(buffer);
      removeFifos(directory);
      const text = size === null ? "" : decoder.decode(buffer.subarray(0, size), { stream: true });
      over = text.includes(END);
      return text.replace(END, "") || null;
    },
    write: (text) => go.write(encode(text)),
    closeInput: () => go.close(),
    release: () => letLiveOn(process),
  };
}

/** Returns a text in UTF-8. */
export function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}
