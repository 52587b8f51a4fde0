import { runProgram } from "../cli/program_output.ts";
import type { Namespace } from "./description.ts";
import { logDirectory, runsDirectory } from "./paths.ts";

/** A file system, by its counters (statfs(2)). */
export interface FileSystem {
  /** Its size, in bytes. */
  size: number;
  /** How much of it is in use, in bytes. */
  used: number;
  /** How many files it can have; 0 if there is no limit. */
  files: number;
  /** How many files it has. */
  filesUsed: number;
}

/** What stat(1) prints of a file system: the size of a block, the blocks, the free ones, the files, the free ones. */
const FORMAT = "%S %b %f %c %d";

/** How long a program may take, in milliseconds: a network file system may not answer. */
const TIMEOUT = 5000;

/**
 * Returns the file systems of the records and of the logs of namespaces, in their order. Only the
 * mount points and directories themselves are looked at, which are root's or named by it, and
 * nothing that an owner has put into them.
 */
export async function fileSystems(
  namespaces: readonly Namespace[],
): Promise<{ records: FileSystem | null; logs: FileSystem | null }[]> {
  return await Promise.all(namespaces.map(async ({ namespace }) => {
    const [records, logs] = await Promise.all(
      [runsDirectory(namespace), logDirectory(namespace)].map(fileSystem),
    );
    return { records: records ?? null, logs: logs ?? null };
  }));
}

/** Returns the file system that a directory is in; null if it cannot be found out. */
async function fileSystem(directory: string): Promise<FileSystem | null> {
  const text = await printed("/usr/bin/stat", ["-f", "-c", FORMAT, "--", directory]);
  return text === undefined ? null : parseFileSystem(text);
}

/** Returns what a program prints; undefined if it does not end in time, or cannot be started. */
async function printed(program: string, args: string[]): Promise<string | undefined> {
  try {
    return (await runProgram(program, args, { signal: AbortSignal.timeout(TIMEOUT) })).stdout;
  } catch {
    return undefined;
  }
}

/** Parses what stat(1) has printed; returns null if it is something else. */
export function parseFileSystem(text: string): FileSystem | null {
  const words = text.trim().split(" ");
  const [block = 0, blocks = 0, free = 0, files = 0, filesFree = 0] = words.map(Number);
  if (words.length !== 5 || !words.every((word) => /^\d{1,20}$/.test(word))) return null;
  return {
    size: block * blocks,
    used: block * Math.max(0, blocks - free),
    files,
    filesUsed: Math.max(0, files - filesFree),
  };
}

/** Returns the names of groups by their numbers; a group without a name is missing. */
export async function groupNames(gids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const text = await printed("/usr/bin/getent", ["group", ...new Set(gids.map(String))]) ?? "";
  return new Map(
    text.split("\n").flatMap((line) => {
      const [name, , gid] = line.split(":");
      return name && gid ? [[Number(gid), name]] : [];
    }),
  );
}
