import { LIMIT_NAMES, type Limits } from "../cgroup/limits.ts";

/** The options that set limits, by the names of the limits, and their values where none is set. */
const OPTIONS: Readonly<Record<keyof Limits, readonly [option: string, unset: string]>> = {
  memory: ["--memory", "max"],
  swap: ["--swap", "max"],
  cpus: ["--cpus", "max"],
  cpuWeight: ["--cpu-weight", "100"],
  pids: ["--pids", "max"],
  ioWeight: ["--io-weight", "100"],
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
    .map((name) => `${task}: ${option(limits, name)}, was ${value(before, name)}\n`)
    .join("");
}

/** Renders limits as the options that set them, in one line; returns undefined if none is set. */
export function limitWords(limits: Limits): string | undefined {
  const set = LIMIT_NAMES.filter((name) => limits[name] !== undefined)
    .map((name) => option(limits, name));
  return set.length === 0 ? undefined : set.join(" ");
}

function option(of: Limits, name: keyof Limits): string {
  return `${OPTIONS[name][0]} ${value(of, name)}`;
}

function value(of: Limits, name: keyof Limits): string {
  return String(of[name] ?? OPTIONS[name][1]);
}
