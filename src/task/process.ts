import { isGone } from "../cgroup/cgroup.ts";
import { PROC } from "../namespace/paths.ts";
import { procOf } from "./pid_namespace.ts";
import { printable } from "../cli/printable.ts";

/**
 * The command line of a process, with a space after each argument, as the
 * original shows it; its name in brackets if it has none; nothing if it is gone, or is
 * not the reader's to look at. No command can paint on a terminal.
 */
export function commandLine(pid: number, proc = procOf(pid)): string | undefined {
  // Bytes that are not UTF-8 become U+FFFD.
  const words = readVisible(`${proc}/cmdline`);
  if (words !== "") return printable(words);
  const name = readVisible(`${proc}/comm`);
  return name === "" ? undefined : `[${printable(name.trimEnd())}]`;
}

/**
 * The text of a file of a process in /proc; nothing if the process is gone, or not the
 * reader's to look at, which has other errors while the kernel still remembers it.
 */
export function readVisible(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (isGone(error) || error instanceof Deno.errors.PermissionDenied) return "";
    throw error;
  }
}

/** The cgroups of a process: from the name of a hierarchy to the path in it. */
export function cgroupsOf(pid: number): Map<string, string> {
  return parseCgroups(Deno.readTextFileSync(`${procOf(pid)}/cgroup`));
}

/**
 * Reads `/proc/<pid>/cgroup` (cgroups(7)). The unified hierarchy is called
 * `unified`, a hierarchy of v1 by its controllers or by its name.
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
 * When this process was started, in milliseconds since boot: to a hundredth of a second,
 * and by a clock that nobody sets (proc_pid_stat(5), starttime in ticks of USER_HZ).
 */
export function startOfThisProcess(proc = PROC): number {
  return startTime(Deno.readTextFileSync(`${proc}/self/stat`)) ?? 0;
}

/** Reads in `/proc/<pid>/stat` when the process was started, in the same way; nothing if it is not there. */
export function startTime(stat: string): number | undefined {
  // The name of the program, in parentheses, may have spaces and parentheses itself.
  const ticks = stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[19] ?? "";
  return /^\d+$/.test(ticks) ? Number(ticks) * 10 : undefined;
}
