import { programOutput } from "../cli/program_output.ts";
import { Failed } from "../cli/errors.ts";
import type { Capacity } from "../cgroup/limits.ts";

/**
 * Returns the capacity of the host: memory in bytes, processors and process ids. `init`
 * records it in namespace.json, for a later command may be unable to read /proc. A shell
 * reads `/proc/meminfo`, `/proc/stat` and `/proc/sys/kernel/pid_max` (proc(5)).
 *
 * @throws {Failed} if one of these files cannot be read.
 */
export function askCapacity(): Capacity {
  const script = "cat /proc/meminfo /proc/stat; echo pid_max $(cat /proc/sys/kernel/pid_max)";
  const capacity = parseCapacity(programOutput("/bin/sh", "-c", script));
  if (Object.values(capacity).some(Number.isNaN)) {
    throw new Failed("cannot find out what the host has: is /proc mounted?");
  }
  return capacity;
}

/**
 * Parses the concatenated texts of these files, of which the last one is given as `pid_max N`.
 * A number that is missing is NaN.
 */
export function parseCapacity(text: string): Capacity {
  return {
    memory: Number(/^MemTotal:\s+(\d+) kB/m.exec(text)?.[1]) * 1024,
    cpus: text.match(/^cpu\d+ /gm)?.length ?? NaN,
    pids: Number(/^pid_max (\d+)/m.exec(text)?.[1]),
  };
}
