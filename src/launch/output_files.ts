import { Failed } from "../cli/errors.ts";
import { formatLogIdentity, type LogIdentity } from "../task/log_identity.ts";
import type { OutputName } from "../task/drops.ts";
import { assertOutput, descriptor } from "./open_file.ts";

/** The word in the place of a file that a run does not have. */
const NONE = "-";

/** A file that a task writes its output to. */
export class OutputFile {
  /** What tells it from all others; undefined as long as the task has not opened it, or if the task has been killed. */
  identity: LogIdentity | undefined;
  /** Whether it is a regular file. */
  isRegular = false;

  /**
   * @param output Which it is.
   * @param path Its absolute path.
   */
  constructor(readonly output: OutputName, readonly path: string) {}

  /**
   * The path of the descriptor by which a task has it open.
   *
   * @param child The process id of the task's first process, which has not executed the command yet.
   */
  descriptor(child: number): string {
    // While the child speaks to this process its descriptor 1 is the connection: see child.sh.
    return descriptor(child, this.output === "log" ? 8 : 2);
  }

  /** Checks that the file that a task has opened has its name. Throws as `assertOutput` does. */
  check(child: number): void {
    const opened = assertOutput(this.descriptor(child), this.path, this.output);
    this.identity = opened?.identity;
    this.isRegular = opened?.isRegular ?? false;
  }
}

/** The files that a task writes its standard output and standard error to. */
export class OutputFiles {
  /** The log; undefined if the task keeps its caller's standard output. */
  readonly log: OutputFile | undefined;
  /** The file for the standard error, if it has one of its own. */
  readonly errors: OutputFile | undefined;

  /**
   * @param log The absolute path of the log, if there is one.
   * @param errors The same of the file for the standard error.
   */
  constructor(log: string | undefined, errors: string | undefined) {
    this.log = log === undefined ? undefined : new OutputFile("log", log);
    this.errors = errors === undefined ? undefined : new OutputFile("stderr", errors);
  }

  /** Those that there are. */
  get files(): OutputFile[] {
    return [this.log, this.errors].filter((file) => file !== undefined);
  }

  /** Rotates those that exist. */
  async rotate(keep: number): Promise<void> {
    const { rotate } = await import("./lazy_imports.ts");
    for (const { path, output } of this.files) await rotate(path, keep, output);
  }

  /**
   * Checks that the files that a task has opened have their names, and are two files.
   *
   * @param child The process id of the task's first process.
   * @throws {Failed} if one is another file, or both are the same.
   */
  check(child: number): void {
    for (const file of this.files) file.check(child);
    const [log, errors] = [this.log?.identity, this.errors?.identity];
    if (log && errors && log.dev === errors.dev && log.ino === errors.ino) {
      throw new Failed(sameFile(this.errors?.path ?? ""));
    }
  }

  /** Words that tell the files from all others, for the status of the run. */
  get words(): string {
    const word = (file: OutputFile | undefined) =>
      file?.identity === undefined ? NONE : formatLogIdentity(file.identity);
    const words = this.errors === undefined
      ? [word(this.log)]
      : [word(this.log), word(this.errors)];
    return words.every((word) => word === NONE) ? "" : words.join(" ");
  }
}

/** Returns the message for a log and a file for the standard error that are the same file. */
export function sameFile(path: string): string {
  return `the log and --stderr are both "${path}": leave --stderr out, for without it the standard error goes to the log`;
}
