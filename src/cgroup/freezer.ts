import { join } from "@std/path/posix/join";
import { Failed } from "../errors.ts";
import type { Namespace } from "../namespace.ts";
import { trackingCgroup } from "../task.ts";
import { cgroupTree, isGone, unlessGone } from "./cgroup.ts";

/** Stops and resumes all processes of a task, without their knowledge. */
export interface Freezer {
  /** Whether the task is frozen, or about to be. */
  isFrozen(): boolean;
  /** Freezes the task, or lets it go on. Returns whether the host can. */
  set(frozen: boolean): boolean;
}

/**
 * The freezer of a task: `cgroup.freeze` of v2 (Linux 5.2), or the freezer
 * controller of v1 (cgroup-v1/freezer-subsystem.rst).
 */
export function freezerOf(namespace: Namespace, task: string): Freezer {
  const cgroup = trackingCgroup(namespace, task);
  const read = (file: string) =>
    unlessGone(() => Deno.readTextFileSync(join(cgroup, file)).trim(), undefined);
  return {
    isFrozen() {
      const frozen = read("cgroup.freeze");
      if (frozen !== undefined) return frozen === "1";
      return /^(FROZEN|FREEZING)$/.test(read("freezer.state") ?? "");
    },
    set(frozen) {
      return write(cgroup, "cgroup.freeze", frozen ? "1" : "0") ||
        write(cgroup, "freezer.state", frozen ? "FROZEN" : "THAWED");
    },
  };
}

/** Writes into the file of the cgroup and of all below it, which the task may have frozen apart. */
function write(cgroup: string, file: string, value: string): boolean {
  try {
    const tree = cgroupTree(cgroup);
    for (const directory of tree) {
      Deno.writeTextFileSync(join(directory, file), value, { create: false });
    }
    return tree.length > 0;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/**
 * Waits until every process of the task has stopped, which one that is in the
 * kernel may put off.
 *
 * @throws {Failed} if it takes more than five seconds.
 */
export async function untilFrozen(namespace: Namespace, task: string): Promise<void> {
  const cgroup = trackingCgroup(namespace, task);
  const frozen = () =>
    /^frozen 1$/m.test(text(cgroup, "cgroup.events")) ||
    text(cgroup, "freezer.state").trim() === "FROZEN";
  for (const deadline = Date.now() + 5000; !frozen();) {
    if (Date.now() > deadline) {
      throw new Failed(`task ${task} does not come to a stop: a process of it waits in the kernel`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function text(cgroup: string, file: string): string {
  return unlessGone(() => Deno.readTextFileSync(join(cgroup, file)), "");
}
