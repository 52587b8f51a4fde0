import { procOf } from "../../task/pid_namespace.ts";
import { readVisible } from "../../task/process.ts";
import { type Connection, delay, GRACE } from "./connection.ts";

/** How often it is looked whether a process lives that says nothing, in milliseconds. */
const LOOK = 250;

/** What one process has said that is nobody's child. */
export class ShimOutput {
  /** What has been said in all. */
  all = "";
  #new = "";
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(
    /** Whether who speaks still lives. */
    public lives: () => boolean,
  ) {}

  /** Takes up what has been said. */
  say(text: string): void {
    this.all += text;
    this.#new += text;
    this.#wake?.();
  }

  /** Says once more what was taken for more than it is. */
  putBack(text: string): void {
    this.#new = text + this.#new;
  }

  /** Hears no more: whoever waits for something is told so. */
  stop(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** What has been said since the last time; nothing if who speaks is gone. */
  async read(): Promise<string | null> {
    for (let silent = 0; this.#new === "" && silent < GRACE && !this.#closed;) {
      const said = new Promise<void>((resolve) => this.#wake = resolve);
      await Promise.race([said, delay(LOOK)]);
      if (this.#new === "" && !this.lives()) silent += LOOK;
    }
    const text = this.#new;
    this.#new = "";
    return text === "" ? null : text;
  }
}

/** Whether a process has not ended; who nobody waits for has. */
export function lives(pid: number): boolean {
  const stat = readVisible(`${procOf(pid)}/stat`);
  return stat !== "" && !/\) Z [^)]*$/.test(stat);
}

/** How a shim ended, by what it said last. */
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
  const itself = /^(void|error\b.*)$/m.test(output.all);
  return itself ? { code: 1, signal: null } : { code: 137, signal: "SIGKILL" };
}
