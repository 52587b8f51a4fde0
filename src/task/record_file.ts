import { unlessGone } from "../cgroup/cgroup.ts";
import { readBeginning } from "./read_beginning.ts";

/** The greatest length of a record that is read, in bytes. */
export const LONGEST_RECORD = 2 ** 20;

/** A file is not a record that lanĉo has written: the message says why. */
export class BadRecord extends Error {}

/**
 * Opens a regular file that its owner may replace by any other kind of file at any moment. The file
 * is opened for reading and writing, with which a FIFO does not keep the caller waiting (fifo(7)).
 * For a caller who may only read, the kind is checked first; the owner could still be faster.
 *
 * @throws {BadRecord} if it is another kind of file.
 * @throws {Deno.errors.NotFound} if there is none.
 */
export function openRegular(path: string): Deno.FsFile {
  return openWithInfo(path).file;
}

/** Does the same, and returns what the file is with it. */
export function openWithInfo(path: string): { file: Deno.FsFile; info: Deno.FileInfo } {
  try {
    const file = openAny(path);
    const info = regular(file);
    if (info !== undefined) return { file, info };
    throw new BadRecord("it is not a regular file");
  } catch (error) {
    if (leadsAstray(error)) throw new BadRecord("it is a link that leads to no regular file");
    throw error;
  }
}

/** Returns what an open file is, if it is regular; closes it if not, or if its kind cannot be read. */
function regular(file: Deno.FsFile): Deno.FileInfo | undefined {
  let info: Deno.FileInfo | undefined;
  try {
    info = file.statSync();
  } finally {
    if (!info?.isFile) file.close();
  }
  return info.isFile ? info : undefined;
}

function openAny(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    // It is a directory, a file that the user may not write, or on a read-only file system.
    if (!Deno.statSync(path).isFile) throw new BadRecord("it is not a regular file");
    return Deno.openSync(path);
  }
}

/**
 * Returns whether an error comes from a link: one that leads to itself, through a regular file, to a
 * name that is too long, or to a place that this executable may not open; or one that was laid between
 * the runtime's look for a link and its opening of the file (`O_NOFOLLOW` in open(2)).
 */
export function leadsAstray(error: unknown): boolean {
  return error instanceof Deno.errors.FilesystemLoop ||
    error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.NotCapable ||
    (error instanceof Error && /os error 36\)/.test(error.message));
}

/**
 * Reads a record that belongs to the owner of a namespace.
 *
 * @param longest The greatest length of the record, in bytes.
 * @returns the text; undefined if there is no such file.
 * @throws {BadRecord} if lanĉo cannot have written the file.
 */
export function readRecord(path: string, longest = LONGEST_RECORD): string | undefined {
  using file = unlessGone(() => openRegular(path), undefined);
  return file && readText(file, longest);
}

/**
 * Reads the text of an open file.
 *
 * @param longest The greatest length of the text, in bytes.
 * @throws {BadRecord} if it is longer.
 */
export function readText(file: Deno.FsFile, longest: number): string {
  const { text, length } = readBeginning(file, longest + 1);
  if (length > longest) throw new BadRecord(`it has more than ${longest} bytes`);
  return text;
}

/** Reads as many bytes of a file as there is room for, or are left. Returns their number. */
export function fill(file: Deno.FsFile, bytes: Uint8Array): number {
  let length = 0;
  while (length < bytes.length) {
    const more = file.readSync(bytes.subarray(length));
    if (more === null) break;
    length += more;
  }
  return length;
}

/**
 * Parses a record that is a JSON object.
 *
 * @throws {BadRecord} if it is none. The message does not cite the text, which may be secret.
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
 * Opens a regular file to append to it, or makes it. The file is opened for reading, too, so that a
 * FIFO in its place does not keep the caller waiting (fifo(7)). A link is not followed, for it may
 * lead to any file that the user may write.
 *
 * @throws {BadRecord} if there is a link or another kind of file in its place.
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

/** Removes a directory and its content, if there is one. */
export function removeTree(directory: string): void {
  unlessGone(() => Deno.removeSync(directory, { recursive: true }), undefined);
}

/** Returns what `look` returns; undefined if it finds a bad record, or may not read it. */
export function unlessBad<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof BadRecord || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    throw error;
  }
}

/** Reads and parses a file; returns undefined if there is none, or it is bad, or may not be read. */
export function readParsed<T>(
  path: string,
  longest: number,
  parse: (text: string) => T,
): T | undefined {
  return unlessBad(() => {
    const text = readRecord(path, longest);
    return text === undefined ? undefined : parse(text);
  });
}
