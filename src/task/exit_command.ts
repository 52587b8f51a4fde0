import { unlessGone } from "../cgroup/cgroup.ts";
import { isFrozen, setFrozen } from "../cgroup/freezer.ts";
import { type Namespace, namespaceDirectory } from "../namespace/namespace.ts";
import { registered, runDirectory } from "./places.ts";
import { openRegular } from "./record_file.ts";

/** The script for the end of a task; what waits for that has it open. */
export function exitCommandFile(namespace: string, task: string): string {
  return `${runDirectory(namespace, task)}/exit-command`;
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
 * Empties the exit command, so that there is none when it wakes.
 *
 * @throws {BadRecord} if its owner has put something else in its place.
 */
export function forgetExitCommand(namespace: string, task: string): void {
  unlessGone(() => {
    const file = openRegular(exitCommandFile(namespace, task));
    try {
      file.truncateSync();
    } finally {
      file.close();
    }
  }, undefined);
}
