import type { Context } from "../cli/context.ts";
import { LancoError } from "../cli/errors.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { knownTasks } from "./task.ts";

/** Who is told of a task that nothing is known of. */
type Listener = Pick<Context, "batch">;

/** The answer, status 3, for a task that nothing is known of. */
export async function unknownTask(
  namespace: Namespace,
  task: string,
  listener: Listener,
): Promise<LancoError> {
  return new LancoError(await nothingKnown(namespace, task, listener), 3, "WARN");
}

/**
 * What to say of a task that nothing is known of; it names the nearest. Not in a batch:
 * programs do not mistype, and to compare thousands of names takes milliseconds.
 */
export async function nothingKnown(
  namespace: Namespace,
  task: string,
  { batch }: Listener,
): Promise<string> {
  const meant = batch === undefined
    ? (await import("../cli/nearest.ts")).suggestion(task, knownTasks(namespace.namespace))
    : "";
  return `nothing is known of task ${task}${meant}: see "lanco ${namespace.namespace} ls -a"`;
}
