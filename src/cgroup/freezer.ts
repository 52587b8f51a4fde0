import { cgroupTree, isGone, unlessGone } from "./cgroup.ts";
import { isTooLong, writeBelow } from "./deep.ts";

/** What stops all processes of a cgroup without their knowledge, and lets them go on. */
const FREEZERS = [
  // Linux 5.2 (cgroup-v2.rst, cgroup.freeze)
  { file: "cgroup.freeze", frozen: "1", thawed: "0" },
  // cgroup-v1/freezer-subsystem.rst
  { file: "freezer.state", frozen: "FROZEN", thawed: "THAWED" },
] as const;

/** Whether the cgroup is frozen, or about to be. */
export function isFrozen(cgroup: string): boolean {
  return text(cgroup, "cgroup.freeze") === "1" ||
    /^(FROZEN|FREEZING)$/.test(text(cgroup, "freezer.state"));
}

/**
 * Freezes the cgroup and all below it, which the processes in it may have frozen apart,
 * or lets them go on; it may take a moment to come to a stop.
 *
 * @returns whether the host can, and the cgroup is there.
 * @throws {Deno.errors.PermissionDenied} if it is not the caller's.
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
 * Opens what freezes this cgroup with all below it, and no later one of its name: what is
 * written to it when the cgroup has been removed fails with ENODEV.
 *
 * @returns nothing if the host has no freezer, or there is no such cgroup.
 * @throws {Deno.errors.PermissionDenied} if it is not the caller's.
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
 * Waits until every process of the cgroup has stopped, which one that is in the kernel
 * may put off.
 *
 * @param patience How long, in milliseconds.
 * @returns whether they have, or need not any more.
 */
export async function untilFrozen(cgroup: string, patience: number): Promise<boolean> {
  const frozen = () =>
    /^frozen 1$/m.test(text(cgroup, "cgroup.events")) || text(cgroup, "freezer.state") === "FROZEN";
  for (const deadline = performance.now() + patience; !frozen();) {
    // Or somebody has let it go on, or it has ended.
    if (!isFrozen(cgroup)) return true;
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return true;
}

function text(cgroup: string, file: string): string {
  return unlessGone(() => Deno.readTextFileSync(`${cgroup}/${file}`).trim(), "");
}
