import { LIMIT_NAMES, type Limits } from "../cgroup/limits.ts";

/** The options that set limits, by the names of the limits. */
const OPTIONS: Readonly<Record<keyof Limits, string>> = {
  memory: "--memory",
  swap: "--swap",
  cpus: "--cpus",
  cpuWeight: "--cpu-weight",
  pids: "--pids",
  ioWeight: "--io-weight",
};

/** The values of the limits that are not set. */
const UNSET: Readonly<Record<keyof Limits, string>> = {
  memory: "max",
  swap: "max",
  cpus: "max",
  cpuWeight: "100",
  pids: "max",
  ioWeight: "100",
};

/**
 * Renders the limits of a task as the options that set them: those that have changed, or were asked
 * to, a line each with their values before; or, if nothing was changed, all that are set in one line.
 *
 * @param before The limits before the change; null if there was none.
 * @param isAsked Whether a limit was asked to be changed.
 */
export function limitOptions(
  task: string,
  limits: Limits,
  before: Limits | null,
  isAsked: (name: keyof Limits) => boolean,
): string {
  if (before === null) return `${task}: ${limitWords(limits) ?? "no limits"}\n`;
  return LIMIT_NAMES.filter((name) => isAsked(name) || limits[name] !== before[name])
    .map((name) => `${task}: ${OPTIONS[name]} ${value(limits, name)}, was ${value(before, name)}\n`)
    .join("");
}

/** Renders limits as the options that set them, in one line; returns undefined if none is set. */
export function limitWords(limits: Limits): string | undefined {
  const set = LIMIT_NAMES.filter((name) => limits[name] !== undefined)
    .map((name) => `${OPTIONS[name]} ${value(limits, name)}`);
  return set.length === 0 ? undefined : set.join(" ");
}

function value(of: Limits, name: keyof Limits): string {
  return String(of[name] ?? UNSET[name]);
}
