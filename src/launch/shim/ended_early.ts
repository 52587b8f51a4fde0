import { Failed } from "../../cli/errors.ts";

/** A shell of a launch has ended before the command was executed, and has reported no error. */
export class EndedEarly extends Failed {
  /**
   * @param status The exit status, 128 + n for signal n.
   * @param shell Which shell it was, for the message, if not the shim or its child.
   */
  constructor(readonly status: number, shell?: string) {
    super(
      shell === undefined
        ? "the task was killed before its start"
        : `${shell} was killed before the task's start`,
    );
  }
}
