import { unlessHidden } from "../cgroup/cgroup.ts";
import { PROC } from "../namespace/paths.ts";
import { procOf } from "./pid_namespace.ts";
import { readBeginning } from "./read_beginning.ts";
import { printable } from "../cli/printable.ts";

/**
 * Returns the command line of a process with a space after each argument, or its name in brackets
 * if the command line is empty. Characters that would control a terminal are replaced.
 *
 * @param longest How much is read of the command line, in bytes. An ellipsis stands for the rest.
 * @returns undefined if the process has ended, or the caller may not see it.
 */
export function commandLine(
  pid: number,
  longest = LONGEST,
  proc = procOf(pid),
): string | undefined {
  // Bytes that are not UTF-8 become U+FFFD.
  const { text, length } = beginning(`${proc}/cmdline`, longest);
  if (text !== "") return printable(text) + (length < longest ? "" : "…");
  const name = readVisible(`${proc}/comm`);
  return name === "" ? undefined : `[${printable(name.trimEnd())}]`;
}

/** How much of a command line is read to recognise it, in bytes. */
const BEGINNING = 1024;

/**
 * Returns the beginning of the command line of a process, with a zero byte after each argument; ""
 * if the process has ended, or the caller may not see it.
 */
export function beginningOf(pid: number): string {
  return readVisible(`${procOf(pid)}/cmdline`, BEGINNING);
}

/**
 * Returns the text of a file of a process in /proc; "" if the process has ended, or the caller may
 * not read the file.
 *
 * @param longest How much to read at most, in bytes.
 */
export function readVisible(file: string, longest = LONGEST): string {
  return beginning(file, longest).text;
}

/**
 * How much is read of a file of a process, in bytes: the process can make its command line endless
 * (prctl(2), PR_SET_MM_MAP).
 */
const LONGEST = 2 ** 20;

function beginning(file: string, longest: number): { text: string; length: number } {
  return unlessHidden(() => {
    using opened = Deno.openSync(file);
    return readBeginning(opened, longest);
  }, { text: "", length: 0 });
}

/**
 * Returns the cgroups of a process: their paths by the names of the hierarchies, as `parseCgroups`.
 *
 * @throws {Deno.errors.NotFound} if the process has ended.
 */
export function cgroupsOf(pid: number): Map<string, string> {
  return parseCgroups(Deno.readTextFileSync(`${procOf(pid)}/cgroup`));
}

/**
 * Parses the text of `/proc/<pid>/cgroup` (cgroups(7)). The unified hierarchy gets the name
 * `unified`, a hierarchy of v1 the names of its controllers, or its own name.
 */
export function parseCgroups(text: string): Map<string, string> {
  const cgroups = new Map<string, string>();
  for (const line of text.split("\n")) {
    // A cgroup's name may have any character but a slash and the end of a line.
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/s.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    cgroups.set(controllers.replace("name=", "") || "unified", path);
  }
  return cgroups;
}

/**
 * Returns the start time of this process, in milliseconds since boot, with a precision of 10 ms
 * (proc_pid_stat(5), starttime in ticks of USER_HZ).
 */
export function startOfThisProcess(proc = PROC): number {
  return startTime(Deno.readTextFileSync(`${proc}/self/stat`)) ?? 0;
}

/** Returns the start time in the text of `/proc/<pid>/stat`, in milliseconds since boot; undefined if the text has none. */
export function startTime(stat: string): number | undefined {
  // The name of the program is in parentheses, and may itself have spaces and parentheses.
  const ticks = stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[19] ?? "";
  return /^\d+$/.test(ticks) ? Number(ticks) * 10 : undefined;
}
