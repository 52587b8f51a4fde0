import { type Context, reportWarnings } from "../cli/command.ts";
import { toStandardError } from "../cli/standard_output.ts";
import { asOwner, exitStatusOf, ownerOf } from "./owner.ts";
import { OwnerProcess } from "./owner_process.ts";
import { SavedTerminal } from "./saved_terminal.ts";
import { StopsByKey } from "./stops_by_key.ts";

/**
 * Runs `top` of root's in another user's namespace with that user's rights, as `asOwner` does. A
 * stop that root asks for by a key reaches its end even if the owner hinders that process.
 *
 * @param args The whole command line.
 * @returns the exit status; undefined if the namespace is root's own, or there is none.
 * @throws {LancoError} if the owner's process was killed.
 */
export async function topAsOwner(
  context: Context,
  args: readonly string[],
): Promise<number | undefined> {
  const owner = ownerOf(context.namespace);
  if (owner.uid === 0) return undefined;
  // The namespace was removed: there is nothing to stop.
  if (owner.namespace === undefined) return await asOwner(context.namespace, args, Infinity);
  const terminal = SavedTerminal.save();
  const errors = (stream: AsyncIterable<Uint8Array>) => stops.read(stream);
  const process = await OwnerProcess.start(owner, args, "inherited", errors);
  const write = (message: Uint8Array) => toStandardError(new Uint8Array([...message, 10]));
  const stops = new StopsByKey(owner.namespace, write, (why) => process.kill(why));
  const ending = await process.end(Infinity);
  if (ending.code === undefined) terminal.restore();
  const { left } = stops;
  if (ending.signalled !== undefined || left.length === 0) stops.abandon();
  const failures = await stops.finish();
  await reportWarnings(context, (warn) => {
    if (ending.signalled === undefined) {
      for (const task of left) warn(`root has killed what was left of task ${task}`);
    }
    for (const failure of failures) warn(failure);
  });
  return exitStatusOf(ending);
}
