import { readVisible, startOfThisProcess, startTime } from "./process.ts";
import { procOf } from "./pid_namespace.ts";

/** How far the wall clock may get ahead or behind before the kernel is asked anew, in milliseconds. */
const DRIFT = 1000;

/** What a clock is made of; tests give their own. All is in milliseconds. */
export interface ClockSource {
  /** A clock that nobody sets, but that stands still while the host is suspended. */
  monotonic(): number;
  /** The time since 1970, which anybody may set. */
  wall(): number;
  /** How long ago this process was started, and when that was: since boot. */
  start(): { since: number; at: number };
  /** The time since boot, as the kernel gives it; nothing if it does not. */
  ask(): number | undefined;
}

const KERNEL: ClockSource = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  start: () => ({ since: performance.now(), at: startOfThisProcess() }),
  ask: askChild,
};

/**
 * The time since boot (CLOCK_BOOTTIME), which no setting of the clock changes, and which goes
 * on while the host is suspended: by it the kernel tells when processes were started.
 */
export class BootClock {
  #known: { boot: number; monotonic: number; wall: number } | undefined;

  constructor(private readonly source: ClockSource = KERNEL) {}

  /** In milliseconds, to a hundredth of a second. */
  now(): number {
    const [monotonic, wall] = [this.source.monotonic(), this.source.wall()];
    const known = this.#known;
    if (known !== undefined) {
      const boot = known.boot + monotonic - known.monotonic;
      const drift = (wall - known.wall) - (monotonic - known.monotonic);
      if (Math.abs(drift) <= DRIFT) return boot;
      // The clock was set, or the host was suspended: what lasts long has to look again.
      this.#known = { boot: this.source.ask() ?? boot, monotonic, wall };
    } else {
      const { since, at } = this.source.start();
      this.#known = { boot: at + since, monotonic, wall };
    }
    return this.#known.boot;
  }
}

/** A process that is started now tells by its own start what time it is: it may be all that /proc shows. */
function askChild(): number | undefined {
  try {
    const { stdout } = new Deno.Command("/bin/sh", {
      args: ["-c", 'read -r line </proc/self/stat && echo "$line"'],
      cwd: "/",
      clearEnv: true,
      stdin: "null",
      stderr: "null",
    }).outputSync();
    return startTime(new TextDecoder().decode(stdout));
  } catch {
    return undefined;
  }
}

let clock: BootClock | undefined;

/** The time since boot, in milliseconds: see `BootClock`. */
export function sinceBoot(): number {
  return (clock ??= new BootClock()).now();
}

/** When a process was started, in milliseconds since boot; nothing if the caller may not see it. */
export function startOf(pid: number): number | undefined {
  return startTime(readVisible(`${procOf(pid)}/stat`));
}
