import { isGone } from "../cgroup/cgroup.ts";
import { LIMIT_NAMES, type LimitPlan, type Limits, planLimits } from "../cgroup/limits.ts";
import { limitsInForce } from "../cgroup/limits_in_force.ts";
import { Failed, NotOwner, NotRunning, reason } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { trackingCgroup } from "../namespace/paths.ts";
import { awaitStart } from "../task/command_start.ts";
import { currentRun, unlessBad } from "../task/records.ts";
import { replaceLimits } from "../task/replace_limits.ts";
import { runningInode } from "../task/task.ts";
import { freeMemory } from "./free_memory.ts";
import { assertWithinNamespace, locate, notEnforced, read } from "./set_limits.ts";

/** How often the record is written again because another program has changed limits, too. */
const ROUNDS = 10;

/** The limits of a running task, before and after a change. */
export interface ChangedLimits {
  before: Limits;
  limits: Limits;
}

/** Options of `changeLimits`. */
export interface ChangeOptions {
  /** Whether limits that the host cannot enforce are left out, with a warning. */
  bestEffort: boolean;
  /** Called with a message about a limit that is less than what is in use, or was left out. */
  warn: (message: string) => void;
}

/** An open file of a cgroup, and the value to write into it. */
interface Setting {
  option: string;
  file: Deno.FsFile;
  name: string;
  value: string;
  before: string;
}

/**
 * Returns the limits of a running task that are in force.
 *
 * @throws {NotRunning} if the task is not running.
 */
export function presentLimits(namespace: Namespace, task: string): Limits {
  for (;;) {
    const inode = runningInode(namespace.namespace, task);
    if (inode === undefined) throw new NotRunning(task);
    const limits = limitsInForce((name) => read(namespace, `task-${task}`, name));
    // Else they may be those of another run.
    if (runningInode(namespace.namespace, task) === inode) return limits;
  }
}

/**
 * Changes limits of the run of a task that is under way, and never those of the next one. If one of
 * them cannot be changed, none is. The record of the run then has the limits that are in force.
 *
 * @param wanted The limits to change; `Infinity` lifts one.
 * @throws {NotRunning} if the task is not running.
 * @throws {NotPermitted} if it belongs to another user, or a limit is more than that of the namespace.
 * @throws {Failed} if a limit cannot be set.
 */
export async function changeLimits(
  namespace: Namespace,
  task: string,
  wanted: Limits,
  options: ChangeOptions,
): Promise<ChangedLimits> {
  const inode = runningInode(namespace.namespace, task);
  if (inode === undefined) throw new NotRunning(task);
  const isOver = () => runningInode(namespace.namespace, task) !== inode;
  const run = { task, cgroup: trackingCgroup(namespace, task), isOver };
  // Until then the launch sets limits.
  await awaitStart(run, `change the limits of task ${task}`);
  const before = presentLimits(namespace, task);
  const limits = completed(wanted, before);
  assertWithinNamespace(namespace, limits);
  const settings = open(namespace, task, limits, { ...options, isOver });
  try {
    // The files are open: if the run is not over now, they are those of this run.
    if (isOver()) throw new NotRunning(task);
    await freeMemory(namespace, task, limits);
    write(namespace, task, settings);
  } catch (error) {
    if (isGone(error)) throw new NotRunning(task);
    throw error;
  } finally {
    for (const { file } of settings) file.close();
  }
  if (isOver()) throw new NotRunning(task);
  warnOfUse(namespace, task, limits, options.warn);
  return { before, limits: record(namespace, task, inode) };
}

/** Adds what version 1 needs, which limits only the sum of memory and swap. */
function completed(wanted: Limits, before: Limits): Limits {
  const { memory = before.memory } = wanted;
  const swap = wanted.swap ?? (wanted.memory === undefined ? undefined : before.swap);
  if (wanted.swap !== undefined && wanted.swap !== Infinity && memory === undefined) {
    throw new Failed("--swap needs a limit on memory: give --memory beside it");
  }
  return {
    ...wanted,
    ...(swap === undefined ? {} : { swap }),
    ...(memory === undefined || swap === undefined ? {} : { memory }),
  };
}

/** Opens the files of the limits. They are missing without their controller, and when the run is over. */
function open(
  namespace: Namespace,
  task: string,
  limits: Limits,
  { bestEffort, warn, isOver }: ChangeOptions & { isOver: () => boolean },
): Setting[] {
  const settings: Setting[] = [];
  try {
    for (const plan of planLimits(limits)) {
      const setting = openPlan(namespace, task, plan);
      if (setting !== undefined) {
        settings.push(setting);
        continue;
      }
      if (isOver()) throw new NotRunning(task);
      // Without a controller there is no limit, as "max" asks for.
      if (plan.alternatives.some(({ value }) => /^(max|-1)/.test(value))) continue;
      warn(notEnforced(plan, bestEffort));
    }
    return settings;
  } catch (error) {
    for (const { file } of settings) file.close();
    throw error;
  }
}

/** Opens the first of the alternative files that exists; returns undefined if none does. */
function openPlan(
  namespace: Namespace,
  task: string,
  { option, alternatives }: LimitPlan,
): Setting | undefined {
  for (const { file: name, value } of alternatives) {
    const path = locate(namespace, `task-${task}`, name);
    if (path === undefined) continue;
    try {
      const [before = ""] = Deno.readTextFileSync(path).split("\n");
      return { option, name, value, before, file: Deno.openSync(path, { write: true }) };
    } catch (error) {
      if (isGone(error)) throw new NotRunning(task);
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      throw new NotOwner(`task ${task}`, namespace.owner);
    }
  }
  return undefined;
}

/**
 * Writes the values. Where the order of two of them depends on which is greater, as that of memory
 * and of memory and swap together in version 1, what was refused first is written again.
 */
function write(namespace: Namespace, task: string, settings: readonly Setting[]): void {
  const refused = settings.filter((setting) => put(setting, setting.value) !== undefined);
  for (const setting of refused) {
    const error = put(setting, setting.value);
    if (error === undefined) continue;
    for (const one of [...settings, ...settings]) put(one, one.before);
    if (isGone(error)) throw error;
    throw new Failed(
      `cannot set ${setting.option} of task ${task}: ${whyNot(namespace, task, setting, error)}`,
    );
  }
}

/** Returns the error, if the kernel refuses a value. */
function put({ file }: Setting, value: string): unknown {
  try {
    file.seekSync(0, Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode(value));
    return undefined;
  } catch (error) {
    return error;
  }
}

function whyNot(namespace: Namespace, task: string, { name }: Setting, error: unknown): string {
  // EBUSY: version 1 refuses a limit of memory below what is in use and cannot be reclaimed.
  if (!reason(error).includes("os error 16)")) return reason(error);
  const used = read(namespace, `task-${task}`, name.replace("limit_in_bytes", "usage_in_bytes"));
  return `it uses ${used} bytes, which the kernel cannot reclaim: give more, or stop it`;
}

/** Says which limits are less than what is in use, which the kernel then only keeps from growing. */
function warnOfUse(
  namespace: Namespace,
  task: string,
  { pids }: Limits,
  warn: (message: string) => void,
): void {
  const used = Number(read(namespace, `task-${task}`, "pids.current"));
  if (pids === undefined || !(used > pids)) return;
  warn(
    `task ${task} has ${used} processes and threads already: none of them ends by --pids ${pids}`,
  );
}

/** Writes the limits that are in force into the record, and returns them. */
function record(namespace: Namespace, task: string, inode: number): Limits {
  let limits = presentLimits(namespace, task);
  for (let round = 0; round < ROUNDS; round++) {
    const found = unlessBad(() => currentRun(namespace.namespace, task, inode));
    if (found === undefined || areSame(found.record.limits, limits)) return limits;
    replaceLimits(found, limits);
    limits = presentLimits(namespace, task);
  }
  return limits;
}

function areSame(one: Limits, other: Limits): boolean {
  return LIMIT_NAMES.every((name) => one[name] === other[name]);
}
