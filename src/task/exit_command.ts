import { unlessGone } from "../cgroup/cgroup.ts";
import { isFrozen, setFrozen } from "../cgroup/freezer.ts";
import { type Namespace, namespaceDirectory } from "../namespace/namespace.ts";
import { registered, runDirectory } from "./places.ts";
import type { Exit } from "./exits.ts";
import { BadRecord, openRegular } from "./record_file.ts";

/** A directory that is there if the exit command of a run must not be run: when that wakes, it removes it. */
export function exitMark(namespace: string, run: number): string {
  return `${namespaceDirectory(namespace)}/runs/.no-exit-${run}`;
}

/** Removes it, if it is there. */
export function removeMark(namespace: string, run: number): void {
  unlessGone(() => Deno.removeSync(exitMark(namespace, run)), undefined);
}

/**
 * Wakes the exit commands of a task's runs that are over, as the release agent does, for
 * one that was killed or never came.
 *
 * @returns whether one slept.
 */
export function wakeExitCommands(namespace: Namespace, task: string): boolean {
  if (namespace.exits === "") return false;
  const { namespace: name, exits } = namespace;
  const underWay = unlessGone(() => Deno.statSync(registered(name, task)).ino, null);
  const beds = `${namespaceDirectory(name)}/${exits}/exits`;
  let woken = false;
  for (const { name: bed } of unlessGone(() => [...Deno.readDirSync(beds)], [])) {
    const [, run, whose] = /^(\d+)-(.+)$/.exec(bed) ?? [];
    if (whose !== task || Number(run) === underWay || !isFrozen(`${beds}/${bed}`)) continue;
    setFrozen(`${beds}/${bed}`, false);
    woken = true;
  }
  return woken;
}

/**
 * Keeps the exit commands of a task from being run when they wake.
 *
 * @param sleeping Those that sleep.
 * @throws {BadRecord} if that of an older lanĉo has been replaced by something else.
 */
export function forgetExitCommands(
  namespace: string,
  task: string,
  sleeping: readonly Exit[],
): void {
  for (const { run } of sleeping) {
    try {
      Deno.mkdirSync(exitMark(namespace, run));
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
  if (sleeping.length > 0) emptyOldCommand(`${runDirectory(namespace, task)}/exit-command`);
}

/** Before 1.2 the command was read from this file, which was emptied if it was not to be run. */
function emptyOldCommand(path: string): void {
  unlessGone(() => {
    using file = openRegular(path);
    const { ino, dev } = file.statSync();
    const named = Deno.lstatSync(path);
    // Not where a link leads.
    if (named.ino !== ino || named.dev !== dev) throw new BadRecord("it is a link");
    file.truncateSync();
  }, undefined);
}
