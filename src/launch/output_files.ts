import { Failed } from "../cli/errors.ts";
import { formatLogIdentity, type LogIdentity } from "../task/log_identity.ts";
import { assertOutput, descriptor } from "./open_file.ts";
import { ERRORS, LOG } from "./output_names.ts";

/** The word in the place of a file that a run does not have. */
const NONE = "-";

/** The files that a task writes its standard output and standard error to, as absolute paths. */
export class OutputFiles {
  #words = "";

  /**
   * @param log The log; undefined if the task keeps its caller's standard output.
   * @param errors The file for the standard error, if it has one of its own.
   */
  constructor(readonly log: string | undefined, readonly errors: string | undefined) {}

  /** Rotates those that exist. */
  async rotate(keep: number): Promise<void> {
    const { rotate } = await import("./lazy_imports.ts");
    if (this.log !== undefined) await rotate(this.log, keep);
    if (this.errors !== undefined) await rotate(this.errors, keep, ERRORS);
  }

  /**
   * Checks that the files that a task has opened have their names, and are two files.
   *
   * @param child The process id of the task's first process.
   * @throws {Failed} if one is another file, or both are the same.
   */
  check(child: number): void {
    const [log, errors] = [
      this.log && assertOutput(this.logOf(child), this.log, LOG),
      this.errors && assertOutput(descriptor(child, 2), this.errors, ERRORS),
    ];
    if (log && errors && log.dev === errors.dev && log.ino === errors.ino) {
      throw new Failed(sameFile(this.errors ?? ""));
    }
    const word = (file: LogIdentity | "" | undefined) => file ? formatLogIdentity(file) : NONE;
    this.#words = [word(log), ...(this.errors === undefined ? [] : [word(errors)])].join(" ");
  }

  /** Words that tell the files from all others, for the status of the run. */
  get words(): string {
    return this.#words === NONE ? "" : this.#words;
  }

  /**
   * The path of the log that a task has open.
   *
   * @param child The process id of the task's first process, which has not executed the command yet.
   */
  logOf(child: number): string {
    // While the child speaks to this process its descriptor 1 is the connection: see child.sh.
    return descriptor(child, 8);
  }
}

/** Returns the message for a log and a file for the standard error that are the same file. */
export function sameFile(path: string): string {
  return `the log and --stderr are both "${path}": leave --stderr out, for without it the standard error goes to the log`;
}
