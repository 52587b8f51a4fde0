/** How messages call a file that a task writes its output to. */
export interface OutputNames {
  /** What the file is. */
  what: string;
  /** The option of `run` that gives another. */
  option: string;
}

/** The names of the log. */
export const LOG: OutputNames = { what: "log", option: "-l" };

/** The names of the file for the standard error. */
export const ERRORS: OutputNames = { what: "file for the standard error", option: "--stderr" };
