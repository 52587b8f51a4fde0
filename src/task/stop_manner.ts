import { isSignal, type Signal } from "./signals.ts";

/** How a run is to be stopped, as its starter has said. What is missing is not said. */
export interface StopManner {
  /** The signal that is sent before SIGKILL. */
  signal?: Signal;
  /** How long to wait before SIGKILL, in milliseconds. */
  timeout?: number;
  /** Whether the signal goes to the command alone. */
  main?: boolean;
}

/** How a run is stopped of which nothing is said. */
export const DEFAULT_MANNER = { signal: "SIGTERM", timeout: 30_000, main: false } as const;

/** The shortest and the longest time before SIGKILL that can be said, in milliseconds. */
export const STOP_TIMEOUTS = { min: 100, max: 86_400_000 };

/** Returns whether a value is of this type. The longest time is kept, whoever has written the value. */
export function isStopManner(value: unknown): value is StopManner {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { signal, timeout, main, ...more } = value as Record<string, unknown>;
  return Object.keys(more).length === 0 &&
    (signal === undefined || typeof signal === "string" && isSignal(signal)) &&
    (timeout === undefined ||
      Number.isSafeInteger(timeout) && Number(timeout) >= STOP_TIMEOUTS.min &&
        Number(timeout) <= STOP_TIMEOUTS.max) &&
    (main === undefined || typeof main === "boolean");
}
