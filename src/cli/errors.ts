/**
 * The errors of lanĉo. Each has the exit status that the manual promises for it; only
 * `dispatch.ts` and `batch.ts` turn an error into a message and an exit status.
 */

/** The level of `@std/log` at which an error is reported. */
export type ErrorLevel = "WARN" | "ERROR";

/** An error whose message is one line for the user. */
export class LancoError extends Error {
  override name = "LancoError";

  /**
   * @param message One line: what could not be done, the reason, and what the user can do.
   * @param exitStatus The exit status of the process, 1 to 255.
   * @param level `WARN` for a negative answer such as "is not running", `ERROR` for a failure.
   */
  constructor(message: string, readonly exitStatus: number, readonly level: ErrorLevel = "ERROR") {
    super(message);
  }
}

/** Status 1: the command failed, or could not find out what it was asked. */
export class Failed extends LancoError {
  constructor(message: string) {
    super(message, 1);
  }
}

/** Status 2: the command line is wrong. */
export class Usage extends LancoError {
  constructor(message: string) {
    super(message, 2);
  }
}

/** Status 3: there is no such task. The name may have been mistyped. */
export class NoSuchTask extends LancoError {
  /**
   * @param problem The first part of the message, after which a similar name may be suggested.
   * @param advice The second part of the message.
   */
  constructor(
    readonly task: string,
    private readonly problem: string,
    private readonly advice = "",
    level: ErrorLevel = "WARN",
  ) {
    super(problem + advice, 3, level);
  }

  /** Returns the message with a suggestion in it: `, did you mean "import"?`, or "". */
  withSuggestion(suggestion: string): string {
    return this.problem + suggestion + this.advice;
  }
}

/** Status 3: the task is not running. The status is that of LSB init scripts and systemctl(1). */
export class NotRunning extends NoSuchTask {
  constructor(task: string) {
    super(task, `task ${task} is not running`);
  }
}

/** Status 3: the task is not running, and there is no record of an earlier run. */
export class UnknownTask extends NoSuchTask {
  constructor(namespace: string, task: string, level?: ErrorLevel) {
    super(task, `nothing is known of task ${task}`, `: see "lanco ${namespace} ls -a"`, level);
  }
}

/** Status 3: nothing is known of a run. */
export class UnknownRun extends LancoError {
  /**
   * @param run The id of the run, or a number such as -1 for the run before the last one.
   * @param task The task; none if the run was looked for among several.
   */
  constructor(namespace: string, run: string | number, task?: string, level?: ErrorLevel) {
    const [of, list] = task === undefined ? ["", ""] : [` of task ${task}`, ` ${task}`];
    const advice = `see "lanco ${namespace} ls --runs${list}"`;
    super(`nothing is known of run ${run}${of}: ${advice}`, 3, level ?? "WARN");
  }
}

/** Status 4: the task is already running. */
export class AlreadyRunning extends LancoError {
  constructor(task: string, problem = "is already running") {
    super(`task ${task} ${problem}`, 4, "WARN");
  }
}

/** Status 4 as well: a run of a task that is to run once is on record. */
export class OnRecord extends LancoError {
  constructor(namespace: string, task: string) {
    super(
      `task ${task} is on record: see "lanco ${namespace} status ${task}", and "lanco ${namespace} forget ${task}" to start it anew`,
      4,
      "WARN",
    );
  }
}

/** Status 5: the namespace is not initialised. */
export class NotInitialised extends LancoError {
  constructor(namespace: string) {
    super(
      `namespace ${namespace} is not initialised: run "sudo lanco ${namespace} init -u $(id -un)"`,
      5,
    );
  }
}

/** Status 6: not permitted. */
export class NotPermitted extends LancoError {
  constructor(message: string) {
    super(message, 6);
  }
}

/**
 * Status 6: root launches no task in the namespace of another user, because a process inherits
 * more from root than user and group ids.
 */
export class RootLaunchesNothing extends NotPermitted {
  constructor(namespace: string, owner: string) {
    const user = /^\d+$/.test(owner) ? `'#${owner}'` : owner;
    super(`root launches nothing for ${owner}: use "sudo -u ${user} lanco ${namespace} run …"`);
  }
}

/** Status 6: only the owner and root may do this. */
export class NotOwner extends NotPermitted {
  constructor(thing: string, owner: string) {
    super(`${thing} belongs to ${owner}: do it as that user or as root, e.g. with sudo`);
  }
}

/** Status 6: only the owner of a namespace and their group may read its records. */
export class RecordsClosed extends NotPermitted {
  constructor(namespace: string) {
    super(
      `the records of namespace ${namespace} are for its owner and group only: ask as one of them, or with sudo`,
    );
  }
}

/** Returns the first line of an error's message, which for a system call is the system's reason. */
export function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}

/** Returns whether a system call failed because there was no descriptor or memory left (ENFILE, EMFILE, ENOMEM). */
export function isScarcity(error: unknown): boolean {
  return /os error (12|23|24)\)/.test(reason(error));
}

/**
 * Returns the exit status of a command on several tasks: a failure (1, 2, 5, 6) takes
 * precedence over a negative answer (3, 4), and that over 0. Among equals the first one counts.
 */
export function combinedStatus(statuses: readonly number[]): number {
  const answers = [3, 4];
  return statuses.find((status) => status !== 0 && !answers.includes(status)) ??
    statuses.find((status) => status !== 0) ?? 0;
}
