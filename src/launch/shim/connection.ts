import { Failed } from "../../cli/errors.ts";
import { removeTree } from "../../task/record_file.ts";

/** A process that `run` has started, and the way in which the two speak with each other. */
export interface Connection {
  /** Its process id. */
  readonly pid: number;
  /** Whether it is in its staged cgroup already, with all that it will start. */
  readonly staged: boolean;
  /** How it ended, once it has. */
  readonly status: Promise<Pick<Deno.CommandStatus, "code" | "signal">>;
  /** What it has said since the last time; nothing if it has ended and that is all. */
  read(): Promise<string | null>;
  /** Tells its child something. */
  write(text: string): Promise<unknown>;
  /** Tells its child that nothing more will come. */
  closeInput(): void;
  /** Lets it live on when this process ends. */
  release(): void;
}

/** How long what a process has said may take to arrive after its end, in milliseconds. */
export const GRACE = 1000;

/** What stands for the end of what is said by a FIFO. */
const END = "\0";

/** Speaks with a process by its standard streams, which are pipes. */
export function byPipes(process: Deno.ChildProcess): Connection {
  const said = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const told = process.stdin.getWriter();
  const gone = process.status.then(() => delay(GRACE)).then(() => null);
  return {
    pid: process.pid,
    staged: false,
    status: process.status,
    // Its child has the pipe open too, and waits.
    read: () => Promise.race([said.read().then(({ value }) => value ?? null), gone]),
    write: (text) => told.write(encode(text)),
    closeInput: () => void told.close().catch(() => {}),
    // Deno would kill it.
    release: () => process.unref(),
  };
}

/** Two FIFOs, for a process that has the caller's standard streams. */
export interface Fifos {
  /** The directory that they are in, until both sides have opened them. */
  directory: string;
  /** What it is told. */
  go: Deno.FsFile;
  /** What it says. */
  said: Deno.FsFile;
}

/**
 * Makes a directory with FIFOs called `go` and `said`, for nobody else: who reads from one takes
 * what is in it.
 *
 * @throws {Failed} if they cannot be made.
 */
export async function openFifos(directory: string): Promise<Fifos> {
  Deno.mkdirSync(directory, { mode: 0o700 });
  try {
    const [go, said] = [`${directory}/go`, `${directory}/said`];
    const args = ["-m", "600", go, said];
    const { success } = await new Deno.Command("/usr/bin/mkfifo", { args, cwd: "/" }).output();
    if (!success) throw new Failed(`cannot make FIFOs in ${directory}`);
    return { directory, go: openBoth(go), said: openBoth(said) };
  } catch (error) {
    removeTree(directory);
    throw error;
  }
}

/**
 * Opens a FIFO for both, because opening it for one waits for the other side.
 *
 * @throws {Failed} if somebody has laid something else in its place.
 */
export function openBoth(fifo: string): Deno.FsFile {
  const file = Deno.openSync(fifo, { read: true, write: true });
  if (file.statSync().isFifo) return file;
  file.close();
  throw new Failed(`cannot use ${fifo}: another file was laid in its place`);
}

/** Speaks with a process by FIFOs. */
export function byFifos(process: Deno.ChildProcess, { directory, go, said }: Fifos): Connection {
  const decoder = new TextDecoder();
  let over = false;
  // What run holds open itself has no end: it is written behind what the shim said last.
  process.status.then(() => said.writeSync(encode(END))).catch(() => {});
  return {
    pid: process.pid,
    staged: false,
    status: process.status,
    async read() {
      if (over) return null;
      const buffer = new Uint8Array(4096);
      const size = await said.read(buffer);
      removeTree(directory);
      const text = size === null ? "" : decoder.decode(buffer.subarray(0, size), { stream: true });
      over = text.includes(END);
      return text.replace(END, "") || null;
    },
    write: (text) => go.write(encode(text)),
    closeInput: () => go.close(),
    release: () => process.unref(),
  };
}

/** Settles after so many milliseconds. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The bytes of a text. */
export function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}
