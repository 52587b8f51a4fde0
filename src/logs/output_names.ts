import type { OutputName } from "../task/drops.ts";

/** How messages call the files that a task writes its output to, and the option of `run` that gives another. */
export const NAMES: Readonly<Record<OutputName, { what: string; option: string }>> = {
  log: { what: "log", option: "-l" },
  stderr: { what: "file for the standard error", option: "--stderr" },
};
