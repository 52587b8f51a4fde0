import { Progress } from "../cli/progress.ts";
import { toStandardError } from "../cli/standard_output.ts";
import { columnsOrMany, isDumb } from "./paint.ts";

/** Shows progress on the terminal that standard error is: see `withProgress`. */
export function showProgress(describe: (elapsed: number) => string): Progress {
  return new Progress(describe, {
    isRedrawn: !Deno.noColor && !isDumb(),
    columns: () => columnsOrMany(80),
    write: toStandardError,
  });
}
