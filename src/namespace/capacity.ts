import { Failed } from "../cli/errors.ts";
import type { Capacity } from "../cgroup/limits.ts";

/**
 * Asks a shell what the host has, for `init`, which writes it down: later /proc may be
 * out of reach. From `/proc/meminfo`, `/proc/stat` and `/proc/sys/kernel/pid_max` (proc(5)).
 *
 * @throws {Failed} if it cannot be read.
 */
export function askCapacity(): Capacity {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", "cat /proc/meminfo /proc/stat; echo pid_max $(cat /proc/sys/kernel/pid_max)"],
    cwd: "/",
    clearEnv: true,
    stderr: "null",
  }).outputSync();
  const capacity = parseCapacity(new TextDecoder().decode(stdout));
  if (Object.values(capacity).some(Number.isNaN)) {
    throw new Failed("cannot find out what the host has: is /proc mounted?");
  }
  return capacity;
}

/** Reads it from the texts of these files, one after the other; the last one as `pid_max N`. */
export function parseCapacity(text: string): Capacity {
  return {
    memory: Number(/^MemTotal:\s+(\d+) kB/m.exec(text)?.[1]) * 1024,
    cpus: text.match(/^cpu\d+ /gm)?.length ?? NaN,
    pids: Number(/^pid_max (\d+)/m.exec(text)?.[1]),
  };
}
