import { isScarcity } from "../../cli/errors.ts";
import { procOf } from "../../task/pid_namespace.ts";
import { readVisible } from "../../task/process.ts";
import { delay } from "../../cli/sleep.ts";
import { type Connection, GRACE } from "./connection.ts";

/** How often it is checked whether a silent shim still runs, in milliseconds. */
const LOOK = 250;

/** The output of one shim of the shim pool. Such a shim is not a child of this process. */
export class ShimOutput {
  /** The whole output. */
  all = "";
  #new = "";
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(
    /** Returns whether the shim still runs. */
    public lives: () => boolean,
  ) {}

  /** Appends text of the shim to the output. */
  append(text: string): void {
    this.all += text;
    this.#new += text;
    this.#wake?.();
  }

  /** Gives back text that was read, for the next call of `read`. */
  putBack(text: string): void {
    this.#new = text + this.#new;
  }

  /** Ends the output: `read` waits for no more. */
  stop(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Returns the output since the last call, or waits for it; null if the shim has ended. */
  async read(): Promise<string | null> {
    for (let silent = 0; this.#new === "" && silent < GRACE && !this.#closed;) {
      const appended = new Promise<void>((resolve) => this.#wake = resolve);
      await Promise.race([appended, delay(LOOK)]);
      if (this.#new === "" && !this.lives()) silent += LOOK;
    }
    const text = this.#new;
    this.#new = "";
    return text === "" ? null : text;
  }
}

/**
 * Returns whether a process runs, or may run if there is no descriptor to find that out. A zombie has
 * ended (proc_pid_stat(5), state Z).
 */
export function lives(pid: number): boolean {
  try {
    const stat = readVisible(`${procOf(pid)}/stat`);
    return stat !== "" && !/\) Z [^)]*$/.test(stat);
  } catch (error) {
    if (isScarcity(error)) return true;
    throw error;
  }
}

/** Waits for the end of a shim that is not a child of this process. Returns its exit status, by its last line of output. */
export async function ending(
  pid: number,
  output: ShimOutput,
): ReturnType<() => Connection["status"]> {
  while (lives(pid)) await delay(1);
  for (let waited = 0; waited < LOOK && !/^(ended|void|error)\b/m.test(output.all); waited++) {
    await delay(1);
  }
  const status = /^ended (\d+)$/m.exec(output.all)?.[1];
  if (status !== undefined) return { code: Number(status), signal: null };
  const gaveUp = /^(void|error\b.*)$/m.test(output.all);
  return gaveUp ? { code: 1, signal: null } : { code: 137, signal: "SIGKILL" };
}
