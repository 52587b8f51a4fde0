import { isName, TASK_MAX } from "../cli/names.ts";
import { namedRoot, namespaceDirectory } from "../namespace/namespace.ts";
import { BadRecord, openRegular } from "./record_file.ts";
import { isGone, unlessGone } from "../cgroup/cgroup.ts";

/** What is written down of a run as it happens, a line each. `run` is its number. */
export type Entry =
  & { run: number; task: string }
  & (
    | { what: "start"; at: number }
    /** Its first process has ended; the shim writes this. */
    | { what: "exit"; status: number }
    | { what: "stop"; at: number; by: string; signal: string }
    | { what: "pause" | "resume"; at: number }
  );

/** How long a journal may get before another is begun, in bytes. */
const LONG = 2 ** 20;

/** The longest line that is believed, in characters. */
const LONGEST_LINE = 1000;

/** The journal of a namespace: its owner's, for those who may see the records. */
export function journalFile(namespace: string): string {
  return `${namespaceDirectory(namespace)}/runs/.journal`;
}

/**
 * Adds a line, by one write(2) of which others see all or nothing (O_APPEND), but for a
 * caller whose limit on the size of files ends within it: so each line begins with the end
 * of the one before. That it cannot be written must not hinder anybody: who follows looks
 * at the tasks too.
 */
export function writeEntry(namespace: string, entry: Entry): void {
  const path = journalFile(namespace);
  try {
    using file = openForAll(path);
    if (file.statSync().isFile) {
      file.writeSync(new TextEncoder().encode(`\n${JSON.stringify(entry)}\n`));
    }
    ring(namespace);
    putAside(path, file);
  } catch {
    // The disk is full, or another has begun a new one.
  }
}

/**
 * Gives a journal that is too long its old name. Of those who find that it is, one holds it
 * (flock(2)): a second would rename the new one, and who follows might never see that. Whoever
 * may read it could hold it for ever: so not if it is far too long.
 */
function putAside(path: string, file: Deno.FsFile): void {
  const { size, ino } = file.statSync();
  if (size <= LONG || (!file.tryLockSync(true) && size <= 4 * LONG)) return;
  if (Deno.statSync(path).ino !== ino) return;
  Deno.renameSync(path, old(path));
  openForAll(path).close();
}

function old(path: string): string {
  return `${path}.old`;
}

/** Sees to it that there is a journal: the shim would make it with the caller's umask. */
export function beginJournal(namespace: string): void {
  try {
    openForAll(journalFile(namespace)).close();
  } catch {
    // As above.
  }
}

/**
 * Wakes those who follow. They watch the named hierarchy and not the journal: the runtime never
 * forgets a watch that was closed, and each new journal made every later change dearer.
 */
function ring(namespace: string): void {
  const now = new Date();
  Deno.utimeSync(namedRoot(namespace), now, now);
}

/**
 * Opens a journal, or begins one. Not for one of both, so that a fifo in its place keeps
 * nobody waiting; and not where a link leads, which may be whatever this user may write.
 */
function openForAll(path: string): Deno.FsFile {
  const options = { read: true, append: true };
  for (let tries = 0; tries < 3; tries++) {
    const file = unlessGone(() => Deno.openSync(path, options), undefined) ??
      Deno.openSync(path, { ...options, createNew: true, mode: 0o640 });
    const { ino, dev } = file.statSync();
    const named = unlessGone(() => Deno.lstatSync(path), undefined);
    if (named?.ino === ino && named.dev === dev) return file;
    file.close();
    // Or another has put it aside.
  }
  throw new BadRecord("another file lies in its place");
}

/** Reads a line; nothing if it is not what lanĉo would have written. */
export function parseEntry(line: string): Entry | undefined {
  let entry: Record<string, unknown> | null;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof entry !== "object" || entry === null) return undefined;
  const { run, task, what, at, status, by, signal } = entry;
  if (!isNatural(run) || typeof task !== "string" || !isName(task, TASK_MAX)) return undefined;
  switch (what) {
    case "start":
    case "pause":
    case "resume":
      return isNatural(at) ? { run, task, what, at } : undefined;
    case "exit":
      return isNatural(status) && status <= 255 ? { run, task, what, status } : undefined;
    case "stop":
      if (!isNatural(at) || typeof by !== "string" || typeof signal !== "string") return undefined;
      return { run, task, what, at, by, signal };
    default:
      return undefined;
  }
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Reads what is written into a journal from now on, also when another is begun. */
export class JournalReader {
  readonly #path: string;
  #files: OpenJournal[] = [];

  /** @throws {Deno.errors.PermissionDenied} if it is not for the caller. */
  constructor(namespace: string) {
    this.#path = journalFile(namespace);
    const file = OpenJournal.open(this.#path);
    if (file === undefined) return;
    file.skip();
    this.#files.push(file);
  }

  /** What tells the journal that is read from others; null while there is none. */
  get inode(): number | null {
    return this.#files.at(-1)?.inode ?? null;
  }

  /** What has been added. Whoever wrote to the one before, while it got another name, is heard too. */
  read(): Entry[] {
    const inode = unlessGone(() => Deno.statSync(this.#path).ino, null);
    if (inode !== null && inode !== this.inode) this.#follow();
    const entries = this.#files.flatMap((file) => file.read());
    while (this.#files.length > 3) this.#files.shift()?.close();
    return entries;
  }

  /** Opens what is new; a second may have been begun since the last look, and a third just now. */
  #follow(): void {
    // What was put aside before there was anybody to read is not for him.
    const isFirst = this.#files.length === 0;
    const before = isFirst ? undefined : OpenJournal.open(old(this.#path));
    const current = OpenJournal.open(this.#path);
    const between = isFirst ? undefined : OpenJournal.open(old(this.#path));
    for (const file of [before, between, current]) {
      if (file === undefined) continue;
      if (this.#files.some(({ inode }) => inode === file.inode)) file.close();
      else this.#files.push(file);
    }
  }

  /** Closes it. */
  close(): void {
    for (const file of this.#files) file.close();
  }
}

/** One file of a journal. */
class OpenJournal {
  readonly inode: number | null;
  readonly #text = new TextDecoder();
  #rest = "";

  private constructor(private readonly file: Deno.FsFile) {
    this.inode = file.statSync().ino;
  }

  static open(path: string): OpenJournal | undefined {
    try {
      return new OpenJournal(openRegular(path));
    } catch (error) {
      if (isGone(error) || error instanceof BadRecord) return undefined;
      throw error;
    }
  }

  skip(): void {
    this.file.seekSync(0, Deno.SeekMode.End);
  }

  read(): Entry[] {
    const entries: Entry[] = [];
    const buffer = new Uint8Array(65_536);
    for (let length; (length = this.file.readSync(buffer) ?? 0) > 0;) {
      const lines = (this.#rest + this.#text.decode(buffer.subarray(0, length), { stream: true }))
        .split("\n");
      this.#rest = (lines.pop() ?? "").slice(0, LONGEST_LINE);
      for (const line of lines) {
        const entry = line.length > LONGEST_LINE ? undefined : parseEntry(line);
        if (entry !== undefined) entries.push(entry);
      }
    }
    return entries;
  }

  close(): void {
    this.file.close();
  }
}
