import { isGone, unlessGone } from "../cgroup/cgroup.ts";

/** The longest record that is believed, in bytes. */
export const LONGEST_RECORD = 2 ** 20;

/** Why a file of a namespace's owner is not believed. */
export class BadRecord extends Error {}

/**
 * Opens a regular file that its owner may exchange for anything at any moment. Nobody is
 * kept waiting: a fifo that is opened for both has an end that is open already. Who may
 * only read looks first, and trusts the owner not to be faster.
 *
 * @throws {BadRecord} if it is something else.
 * @throws {Deno.errors.NotFound} if it is not there.
 */
export function openRegular(path: string): Deno.FsFile {
  try {
    const file = openAny(path);
    if (isRegular(file)) return file;
    throw new BadRecord("it is not a regular file");
  } catch (error) {
    if (leadsAstray(error)) throw new BadRecord("it is a link to where no such file can be");
    throw error;
  }
}

/** Closes what is not, or what may not even be looked at. */
function isRegular(file: Deno.FsFile): boolean {
  let regular = false;
  try {
    regular = file.statSync().isFile;
    return regular;
  } finally {
    if (!regular) file.close();
  }
}

function openAny(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    // A directory, a link to what the user may not write, or a file system for reading only.
    if (!Deno.statSync(path).isFile) throw new BadRecord("it is not a regular file");
    return Deno.openSync(path);
  }
}

/** Whether a link goes in circles, through a file, to too long a name, or out of what this program may read. */
function leadsAstray(error: unknown): boolean {
  return error instanceof Deno.errors.FilesystemLoop ||
    error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.NotCapable ||
    (error instanceof Error && /os error 36\)/.test(error.message));
}

/**
 * Reads a record of a namespace's owner.
 *
 * @param longest The most that it may have, in bytes.
 * @returns nothing if it is not there.
 * @throws {BadRecord} if it is no file that lanĉo could have written.
 */
export function readRecord(path: string, longest = LONGEST_RECORD): string | undefined {
  let file: Deno.FsFile;
  try {
    file = openRegular(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  try {
    return readAll(file, longest);
  } finally {
    file.close();
  }
}

function readAll(file: Deno.FsFile, longest: number): string {
  const bytes = new Uint8Array(Math.min(Math.max(file.statSync().size, 4096), longest) + 1);
  let length = 0;
  for (;;) {
    const more = file.readSync(bytes.subarray(length));
    if (more === null) return new TextDecoder().decode(bytes.subarray(0, length));
    length += more;
    if (length === bytes.length) throw new BadRecord(`it has more than ${length - 1} bytes`);
  }
}

/**
 * The value of a record that is JSON.
 *
 * @throws {BadRecord} if it is not JSON. What it is instead is not for everybody to see.
 */
export function parseRecord(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadRecord("it is not JSON");
  }
  if (typeof value !== "object" || value === null) throw new BadRecord("it is no JSON object");
  return value as Record<string, unknown>;
}

/**
 * Opens a file to add to it, or makes it. Not for reading alone or writing alone, so that a fifo
 * in its place keeps nobody waiting; and not where a link leads, which may be whatever this user
 * may write.
 *
 * @throws {BadRecord} if something else lies in its place.
 */
export function openToAppend(path: string): Deno.FsFile {
  const options = { read: true, append: true };
  const file = unlessGone(() => Deno.openSync(path, options), undefined) ??
    Deno.openSync(path, { ...options, createNew: true, mode: 0o640 });
  const { ino, dev, isFile } = file.statSync();
  const named = unlessGone(() => Deno.lstatSync(path), undefined);
  if (isFile && named?.ino === ino && named.dev === dev) return file;
  file.close();
  throw new BadRecord("another file lies in its place");
}

/** Removes a directory with all that is in it, if it is there. */
export function removeTree(directory: string): void {
  unlessGone(() => Deno.removeSync(directory, { recursive: true }), undefined);
}
