import { processes } from "../cgroup/cgroup.ts";
import { procOf } from "./pid_namespace.ts";
import { readVisible } from "./process.ts";

/** What the command line of a task's first process begins with as long as it waits for `run`. */
const WAITING = "/bin/sh\0-c\0# What becomes the command.";

/** Whether a process that has this command line is still waiting to become the command of a task. */
export function isWaiting(line: string): boolean {
  return line.startsWith(WAITING);
}

/** Whether a process of this cgroup of a task is more than what waits to become its command. */
export function hasBegun(cgroup: string): boolean {
  return processes(cgroup).some((pid) => !isWaiting(readVisible(`${procOf(pid)}/cmdline`)));
}
