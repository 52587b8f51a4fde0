import { delay } from "../cli/sleep.ts";
import { cgroupTree, isGone, unlessGone } from "./cgroup.ts";
import { isTooLong, writeBelow } from "./long_path.ts";

/** The file of each kind of freezer, its hierarchy, and the values that freeze and thaw a cgroup. */
export const FREEZERS = [
  // Since Linux 5.2 (cgroup-v2.rst, cgroup.freeze)
  { hierarchy: "unified", file: "cgroup.freeze", frozen: "1", thawed: "0" },
  // cgroup-v1/freezer-subsystem.rst
  { hierarchy: "freezer", file: "freezer.state", frozen: "FROZEN", thawed: "THAWED" },
] as const;

/** The name of a file that freezes a cgroup. */
export type FreezerFile = typeof FREEZERS[number]["file"];

/**
 * Returns whether the cgroup is frozen, or is being frozen; false if it does not exist.
 *
 * @param only The file to look at, where it is known which the cgroup has.
 */
export function isFrozen(cgroup: string, only?: FreezerFile): boolean {
  if (only !== undefined) return /^(1|FROZEN|FREEZING)$/.test(text(cgroup, only));
  return FREEZERS.some(({ file }) => isFrozen(cgroup, file));
}

/**
 * Freezes or thaws a cgroup and each cgroup below it, since a task may have frozen one of its
 * own. The processes of a frozen cgroup stop a moment later: see `untilFrozen`.
 *
 * @returns false if the host has no freezer, or the cgroup does not exist.
 * @throws {Deno.errors.PermissionDenied} if the cgroup belongs to another user.
 */
export function setFrozen(cgroup: string, frozen: boolean): boolean {
  return FREEZERS.some((freezer) =>
    write(cgroup, freezer.file, frozen ? freezer.frozen : freezer.thawed)
  );
}

function write(cgroup: string, file: string, value: string): boolean {
  try {
    const tree = cgroupTree(cgroup);
    for (const directory of tree) {
      Deno.writeTextFileSync(`${directory}/${file}`, value, { create: false });
    }
    return tree.length > 0;
  } catch (error) {
    if (isGone(error)) return false;
    if (!isTooLong(error)) throw error;
    writeBelow(cgroup, file, value);
    return true;
  }
}

/**
 * Opens the freezer of a cgroup. The descriptor stays bound to this cgroup: once it is removed
 * `freeze` fails with ENODEV, even if another cgroup has been created under the same name.
 *
 * @returns undefined if the host has no freezer, or the cgroup does not exist.
 * @throws {Deno.errors.PermissionDenied} if the cgroup belongs to another user.
 */
export function openFreezer(cgroup: string): { freeze(): void; close(): void } | undefined {
  for (const { file, frozen } of FREEZERS) {
    const opened = unlessGone(() => Deno.openSync(`${cgroup}/${file}`, { write: true }), undefined);
    if (opened === undefined) continue;
    return {
      freeze: () => void opened.writeSync(new TextEncoder().encode(frozen)),
      close: () => opened.close(),
    };
  }
  return undefined;
}

/**
 * Waits until every process of a cgroup that is being frozen has stopped. A process that
 * sleeps uninterruptibly in the kernel delays this.
 *
 * @param timeout The longest wait, in milliseconds.
 * @returns true if all have stopped, or the cgroup was thawed or removed; false on timeout.
 */
export async function untilFrozen(cgroup: string, timeout: number): Promise<boolean> {
  const allStopped = () =>
    /^frozen 1$/m.test(text(cgroup, "cgroup.events")) || text(cgroup, "freezer.state") === "FROZEN";
  for (const deadline = performance.now() + timeout; !allStopped();) {
    if (!isFrozen(cgroup)) return true;
    if (performance.now() > deadline) return false;
    await delay(1);
  }
  return true;
}

function text(cgroup: string, file: string): string {
  return unlessGone(() => Deno.readTextFileSync(`${cgroup}/${file}`).trim(), "");
}
