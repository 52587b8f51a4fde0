import { PROC } from "../namespace/paths.ts";
import { startOf } from "../task/clock.ts";
import { procOf } from "../task/pid_namespace.ts";
import { readVisible } from "../task/process.ts";
import type { RunRecord } from "../task/record.ts";

/** How much the start time of a process may differ from the recorded one, in milliseconds: a tick. */
const TICK = 10;

/**
 * Returns the process of a run that has executed the command; undefined if it has ended. Its
 * number in the record may be one of another PID namespace than the caller's: NSpid has the
 * numbers in all of them (proc_pid_status(5)).
 *
 * @param members The processes of the task.
 */
export function commandProcess(
  { pid, sinceBoot }: Pick<RunRecord, "pid" | "sinceBoot">,
  members: readonly number[],
): number | undefined {
  if (pid === null) return undefined;
  // Another process of the task may have the number by now, but it was not started at that time.
  const wasStartedThen = (member: number) => {
    const start = startOf(member);
    return sinceBoot === undefined || start === undefined || Math.abs(start - sinceBoot) <= TICK;
  };
  if (members.includes(pid) && wasStartedThen(pid)) return pid;
  return members.find((member) => numbersOf(member).includes(pid) && wasStartedThen(member));
}

/** Returns the numbers of a process in its PID namespaces; none if the caller may not see it. */
function numbersOf(member: number): number[] {
  const own = procOf(member);
  if (own === `${PROC}/none`) return [];
  const [, numbers = ""] = /^NSpid:\s+(.*)$/m.exec(readVisible(`${own}/status`)) ?? [];
  return numbers.split(/\s+/).map(Number);
}
