import type { Context } from "../cli/command.ts";
import { runAsRoot, type UpOptions } from "../root/mod.ts";
import { inSeconds, withProgress } from "./progress_line.ts";

/**
 * Makes or removes the namespace, and reports the warnings.
 *
 * @param doing Says which, in a line of progress.
 * @returns the limits that have changed, one a line.
 */
export async function changeNamespace(
  context: Context,
  doing: string,
  how: { up: UpOptions } | "down",
): Promise<string[]> {
  const logger = await context.logger();
  const { warnings, changes } = await withProgress(
    context,
    (elapsed) =>
      `${doing} namespace ${context.namespace}: for ${
        inSeconds(elapsed)
      } now, a minute or two at most`,
    () => runAsRoot(context.namespace, how),
  );
  for (const warning of warnings) logger.warn(warning);
  return changes;
}
