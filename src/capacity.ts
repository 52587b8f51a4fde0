import { join } from "@std/path/posix/join";
import { Failed, reason } from "./errors.ts";
import type { Capacity } from "./limits.ts";
import { PROC } from "./paths.ts";

/**
 * Reads what the host has from `/proc/meminfo`, `/proc/stat` and
 * `/proc/sys/kernel/pid_max` (proc(5)).
 *
 * @throws {Failed} if it cannot be read.
 */
export function readCapacity(proc = PROC): Capacity {
  try {
    const read = (file: string) => Deno.readTextFileSync(join(proc, file));
    return parseCapacity(
      `${read("meminfo")}${read("stat")}pid_max ${read("sys/kernel/pid_max")}`,
    );
  } catch (error) {
    throw new Failed(`cannot find out what the host has: ${reason(error)}`);
  }
}

/** The same from the texts of these files, one after the other; the last one as `pid_max N`. */
export function parseCapacity(text: string): Capacity {
  return {
    memory: Number(/^MemTotal:\s+(\d+) kB/m.exec(text)?.[1]) * 1024,
    cpus: text.match(/^cpu\d+ /gm)?.length ?? NaN,
    pids: Number(/^pid_max (\d+)/m.exec(text)?.[1]),
  };
}
