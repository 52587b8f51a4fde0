import { Failed, LancoError, reason } from "../cli/errors.ts";
import { limitBehind } from "../namespace/caller_limits.ts";

/** The failure as one that has a message and an exit status: 1, if nobody has thought of it. */
export function known(error: unknown): LancoError {
  if (error instanceof LancoError) return error;
  const limit = limitBehind(error);
  return new Failed(
    limit === undefined ? `unexpected: ${reason(error)}` : `cannot go on: ${limit}`,
  );
}
