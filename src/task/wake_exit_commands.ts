import { unlessGone } from "../cgroup/cgroup.ts";
import { isFrozen, setFrozen } from "../cgroup/freezer.ts";
import { Failed, reason } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { namespaceDirectory, registered } from "../namespace/paths.ts";
import { forgetFormerExit } from "./records_of_1_1.ts";
import type { Exit } from "./exit_commands.ts";
import { runOfCgroup } from "./records.ts";

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
  const frozenCgroups = `${namespaceDirectory(name)}/${exits}/exits`;
  let woken = false;
  for (const { name: frozenCgroup } of unlessGone(() => [...Deno.readDirSync(frozenCgroups)], [])) {
    const [, run, whose] = /^(\d+)-(.+)$/.exec(frozenCgroup) ?? [];
    if (
      whose !== task || Number(run) === underWay || !isFrozen(`${frozenCgroups}/${frozenCgroup}`)
    ) continue;
    setFrozen(`${frozenCgroups}/${frozenCgroup}`, false);
    woken = true;
  }
  return woken;
}

/**
 * Keeps the exit commands of a task from being run when they wake: they look whether there is a
 * file `no-exit` in the directory of their run.
 *
 * @param sleeping Those that sleep.
 * @throws {Failed} if that cannot be written.
 */
export function forgetExitCommands(
  namespace: string,
  task: string,
  sleeping: readonly Exit[],
): void {
  for (const { run: cgroup } of sleeping) {
    const found = runOfCgroup(namespace, task, cgroup);
    try {
      if (found === undefined) forgetFormerExit(namespace, task, cgroup);
      else Deno.openSync(`${found.directory}/no-exit`, { write: true, createNew: true }).close();
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) continue;
      throw new Failed(
        `cannot keep the exit command of task ${task} from being run: ${reason(error)}`,
      );
    }
  }
}
