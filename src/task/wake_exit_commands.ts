import { inodeOf, unlessGone } from "../cgroup/cgroup.ts";
import { isFrozen, setFrozen } from "../cgroup/freezer.ts";
import { Failed, reason } from "../cli/errors.ts";
import type { Namespace } from "../namespace/description.ts";
import { namespaceDirectory, registered } from "../namespace/paths.ts";
import { forgetFormerExit } from "./records_of_1_1.ts";
import type { Exit } from "./exit_commands.ts";
import { runWithInode } from "./records.ts";

/**
 * Thaws the exit commands of the runs of a task that are over, in place of a release agent that was
 * killed or never called.
 *
 * @returns whether one was frozen.
 */
export function wakeExitCommands(namespace: Namespace, task: string): boolean {
  if (namespace.exits === "") return false;
  const { namespace: name, exits } = namespace;
  const underWay = inodeOf(registered(name, task));
  const frozenCgroups = `${namespaceDirectory(name)}/${exits}/exits`;
  let isThawed = false;
  for (const { name: entry } of unlessGone(() => [...Deno.readDirSync(frozenCgroups)], [])) {
    const [, inode, itsTask] = /^(\d+)-(.+)$/.exec(entry) ?? [];
    const frozenCgroup = `${frozenCgroups}/${entry}`;
    if (itsTask !== task || Number(inode) === underWay || !isFrozen(frozenCgroup)) continue;
    setFrozen(frozenCgroup, false);
    isThawed = true;
  }
  return isThawed;
}

/**
 * Keeps exit commands of a task from being run when they are thawed: makes the file `no-exit` in the
 * directory of the run, for which the shell of the exit command looks.
 *
 * @param sleeping The exit commands that wait for the end of their run.
 * @throws {Failed} if the file cannot be made.
 */
export function forgetExitCommands(
  namespace: string,
  task: string,
  sleeping: readonly Exit[],
): void {
  for (const { inode } of sleeping) {
    const found = runWithInode(namespace, task, inode);
    try {
      if (found === undefined) forgetFormerExit(namespace, task, inode);
      else Deno.openSync(`${found.directory}/no-exit`, { write: true, createNew: true }).close();
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) continue;
      throw new Failed(
        `cannot keep the exit command of task ${task} from being run: ${reason(error)}`,
      );
    }
  }
}
