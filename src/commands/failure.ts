import { LancoError, reason } from "../cli/errors.ts";
import { limitBehind } from "../namespace/caller_limits.ts";

/**
 * Converts an error that a command has thrown to a `LancoError`.
 *
 * @param status The exit status for an unexpected error, and for an error with status 1.
 */
export function asLancoError(error: unknown, status = 1): LancoError {
  if (error instanceof LancoError && (error.exitStatus !== 1 || status === 1)) return error;
  const failure = error instanceof LancoError
    ? new LancoError(error.message, status, error.level)
    : new LancoError(unexpected(error), status);
  if (error instanceof Error && error.stack) failure.stack = error.stack;
  return failure;
}

function unexpected(error: unknown): string {
  const limit = limitBehind(error);
  return limit === undefined ? `unexpected: ${reason(error)}` : `cannot go on: ${limit}`;
}
