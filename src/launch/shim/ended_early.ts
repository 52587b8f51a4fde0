import { Failed } from "../../cli/errors.ts";

/** The shim or its child has ended before the command was executed, and has reported no error. */
export class EndedEarly extends Failed {
  /** @param status The exit status, 128 + n for signal n. */
  constructor(readonly status: number) {
    super("the task was killed before its start");
  }
}
