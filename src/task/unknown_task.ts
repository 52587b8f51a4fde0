import { LancoError } from "../cli/errors.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { knownTasks } from "./task.ts";

/** The answer, status 3, for a task that nothing is known of; it names the nearest. */
export async function unknownTask(namespace: Namespace, task: string): Promise<LancoError> {
  return new LancoError(await nothingKnown(namespace, task), 3, "WARN");
}

/** What to say of a task that nothing is known of; it names the nearest. */
export async function nothingKnown(namespace: Namespace, task: string): Promise<string> {
  const { suggestion } = await import("../cli/nearest.ts");
  const meant = suggestion(task, knownTasks(namespace.namespace));
  return `nothing is known of task ${task}${meant}: see "lanco ${namespace.namespace} ls -a"`;
}
