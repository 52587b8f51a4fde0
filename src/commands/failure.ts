import { LancoError, reason } from "../cli/errors.ts";
import { limitBehind } from "../namespace/caller_limits.ts";

/**
 * The failure as one that has a message and an exit status.
 *
 * @param failed The status if lanĉo itself has failed, or nobody has thought of it.
 */
export function asLancoError(error: unknown, failed = 1): LancoError {
  if (error instanceof LancoError && (error.exitStatus !== 1 || failed === 1)) return error;
  const failure = error instanceof LancoError
    ? new LancoError(error.message, failed, error.level)
    : new LancoError(unexpected(error), failed);
  if (error instanceof Error && error.stack) failure.stack = error.stack;
  return failure;
}

function unexpected(error: unknown): string {
  const limit = limitBehind(error);
  return limit === undefined ? `unexpected: ${reason(error)}` : `cannot go on: ${limit}`;
}
