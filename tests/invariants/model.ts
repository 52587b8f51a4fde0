/** What is to become of one task, whatever is asked for: as little as says it all. */

/** What is known of a task; nothing if it has never run. */
export interface Known {
  state: "running" | "paused" | "exited" | "killed";
  /** Its own exit status, if it exited. */
  code: number | null;
  /** The signal that killed it. */
  signal: string | null;
  /** Whether somebody stopped that run. */
  stopped: boolean;
}

/** What can be asked for. */
export const ACTIONS = [
  "run",
  "run what obeys nobody",
  "run what exits with 7",
  "run what is not there",
  "check",
  "status",
  "stop",
  "stop --now",
  "pause",
  "resume",
  "signal KILL",
  "signal TERM",
  "wait",
  "wait -t 0",
  "ls",
] as const;

/** One of them. */
export type Action = (typeof ACTIONS)[number];

/** A task, and whether what runs ignores SIGTERM. */
export class Model {
  known: Known | undefined;
  #obeys = true;

  /** Does it. Returns the exit status. */
  act(action: Action): number {
    const runs = this.known?.state === "running" || this.known?.state === "paused";
    const killed = (signal: string, stopped: boolean) =>
      this.known = { state: "killed", code: null, signal, stopped };
    switch (action) {
      case "run":
      case "run what obeys nobody":
        if (runs) return 4;
        this.known = { state: "running", code: null, signal: null, stopped: false };
        this.#obeys = action === "run";
        return 0;
      case "run what exits with 7":
        if (runs) return 4;
        this.known = { state: "exited", code: 7, signal: null, stopped: false };
        return 0;
      case "run what is not there":
        return runs ? 4 : 127;
      case "status":
        return this.known === undefined ? 3 : 0;
      case "wait":
      case "wait -t 0":
        if (this.known === undefined) return 125;
        if (runs) return 124;
        return this.known.code ?? { SIGKILL: 137, SIGTERM: 143 }[this.known.signal ?? ""] ?? -1;
      case "ls":
        return 0;
    }
    if (!runs || this.known === undefined) return 3;
    switch (action) {
      case "check":
        break;
      case "stop":
        killed(this.#obeys ? "SIGTERM" : "SIGKILL", true);
        break;
      case "stop --now":
        killed("SIGKILL", true);
        break;
      case "pause":
        this.known.state = "paused";
        break;
      case "resume":
        this.known.state = "running";
        break;
      case "signal KILL":
        killed("SIGKILL", false);
        break;
      case "signal TERM":
        if (this.#obeys) killed("SIGTERM", false);
        break;
    }
    return 0;
  }
}
