/** What is left of runs when their host goes down. */

import { makeRunId } from "../src/task/run_id.ts";
import { exists, shell, type TestNamespace } from "./harness.ts";

/** A boot before this one. */
export const OTHER_BOOT = { id: "0f8fad5b-d9cb-469f-a165-70867728950e", at: 1_700_000_000_000 };

/** The names of the marks of `run --once`. */
export function onceMarks(ns: TestNamespace): string[] {
  const directory = `${ns.logs}/.runs/once`;
  return exists(directory) ? [...Deno.readDirSync(directory)].map(({ name }) => name) : [];
}

/** Does to what is left of the runs what a reboot does: the records are gone, the marks are of another boot. */
export async function reboot(ns: TestNamespace): Promise<void> {
  await shell(`rm -r ${ns.directory}/runs/*`);
  const boot = makeRunId(OTHER_BOOT).slice(-4);
  for (const name of onceMarks(ns)) {
    const [run, task] = [name.slice(0, 26), name.slice(27)];
    const other = run.slice(0, -4) + boot;
    const directory = `${ns.logs}/.runs/once`;
    await shell(
      `cd ${directory} && sed -i s/${run}/${other}/g ${name} && mv ${name} ${other}-${task}`,
    );
  }
}

/** Lets the host of `run --once` go down while these tasks run: their ends are not written. */
export async function crash(ns: TestNamespace, ...tasks: string[]): Promise<void> {
  await ns.must("stop", "--now", ...tasks);
  for (const task of tasks) {
    await shell(
      `cd ${ns.logs}/.runs/once && sed -i '2d;3s/.*/                /' *-${task}`,
    );
  }
  await reboot(ns);
}
