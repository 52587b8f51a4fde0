import { programOutput } from "../cli/program_output.ts";
import { readVisible, startOfThisProcess, startTime } from "./process.ts";
import { procOf } from "./pid_namespace.ts";

/** How far the wall clock may deviate before the kernel is asked again for the time, in milliseconds. */
const DRIFT = 1000;

/** The clocks that `BootClock` uses; tests replace them. All times are in milliseconds. */
export interface ClockSource {
  /** A clock that cannot be set, but stands still while the host is suspended (CLOCK_MONOTONIC). */
  monotonic(): number;
  /** The time since 1970, which an administrator may set (CLOCK_REALTIME). */
  wall(): number;
  /** How long ago this process was started, and the time from boot to its start. */
  start(): { since: number; at: number };
  /** Returns the time since boot from the kernel; undefined if it cannot be read. */
  ask(): number | undefined;
}

const KERNEL: ClockSource = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  start: () => ({ since: performance.now(), at: startOfThisProcess() }),
  ask: askChild,
};

/**
 * The time since boot (CLOCK_BOOTTIME, clock_gettime(2)). It cannot be set, and it goes on while
 * the host is suspended. The kernel gives the start times of processes by this clock.
 */
export class BootClock {
  #known: { boot: number; monotonic: number; wall: number } | undefined;

  constructor(private readonly source: ClockSource = KERNEL) {}

  /** Returns the time since boot in milliseconds, with a precision of 10 ms. */
  now(): number {
    const [monotonic, wall] = [this.source.monotonic(), this.source.wall()];
    const known = this.#known;
    if (known !== undefined) {
      const boot = known.boot + monotonic - known.monotonic;
      const drift = (wall - known.wall) - (monotonic - known.monotonic);
      if (Math.abs(drift) <= DRIFT) return boot;
      // Either the wall clock was set, or the host was suspended: only the kernel can tell which.
      this.#known = { boot: this.source.ask() ?? boot, monotonic, wall };
    } else {
      const { since, at } = this.source.start();
      this.#known = { boot: at + since, monotonic, wall };
    }
    return this.#known.boot;
  }
}

/** Starts a process and reads its start time, for /proc may show nothing but processes. */
function askChild(): number | undefined {
  try {
    const script = 'read -r line </proc/self/stat && echo "$line"';
    return startTime(programOutput("/bin/sh", "-c", script));
  } catch {
    return undefined;
  }
}

let clock: BootClock | undefined;

/** Returns the time since boot, in milliseconds: see `BootClock`. */
export function sinceBoot(): number {
  return (clock ??= new BootClock()).now();
}

/** Returns the start time of a process, in milliseconds since boot; undefined if the caller may not see the process. */
export function startOf(pid: number): number | undefined {
  return startTime(readVisible(`${procOf(pid)}/stat`));
}
