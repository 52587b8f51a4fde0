/**
 * The errors that lanĉo answers with. Each carries the exit status that the
 * contract gives it; `main.ts` alone turns it into a message and a status.
 */

/** The name of a level of `@std/log` at which an error is reported. */
export type ErrorLevel = "WARN" | "ERROR";

/** An error whose message is one line for the user: what, why, what to do. */
export class LancoError extends Error {
  override name = "LancoError";

  /**
   * @param message One line: what could not be done, why, and what to do.
   * @param exitStatus The exit status of the process, 1 to 255.
   * @param level `WARN` for an answer ("no, it is not running"), `ERROR` for a failure.
   */
  constructor(message: string, readonly exitStatus: number, readonly level: ErrorLevel = "ERROR") {
    super(message);
  }
}

/** Status 1: it could not be done, or could not be found out. */
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

/** Status 3: there is no such task, and perhaps the name was mistyped. */
export class NoSuchTask extends LancoError {
  /**
   * @param what The first part of the message, behind which a better name may stand.
   * @param advice The second part.
   */
  constructor(
    readonly task: string,
    private readonly what: string,
    private readonly advice = "",
    level: ErrorLevel = "WARN",
  ) {
    super(what + advice, 3, level);
  }

  /** The message with what may have been meant: `, did you mean "import"?`, or nothing. */
  withSuggestion(suggestion: string): string {
    return this.what + suggestion + this.advice;
  }
}

/** The task is not running, as in the LSB and systemctl. */
export class NotRunning extends NoSuchTask {
  constructor(task: string) {
    super(task, `task ${task} is not running`);
  }
}

/** Nothing is known of the task: there is not even a record of it. */
export class UnknownTask extends NoSuchTask {
  constructor(namespace: string, task: string, level?: ErrorLevel) {
    super(task, `nothing is known of task ${task}`, `: see "lanco ${namespace} ls -a"`, level);
  }
}

/** Status 4: the task is already running. */
export class AlreadyRunning extends LancoError {
  constructor(task: string, what = "is already running") {
    super(`task ${task} ${what}`, 4, "WARN");
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

/** Status 6: what a process inherits from root is more than his ids, so he launches none for others. */
export class RootLaunchesNothing extends NotPermitted {
  constructor(namespace: string, owner: string) {
    const user = /^\d+$/.test(owner) ? `'#${owner}'` : owner;
    super(`root launches nothing for ${owner}: use "sudo -u ${user} lanco ${namespace} run …"`);
  }
}

/** Status 6: what somebody asks for is for the owner and root to ask for. */
export class NotOwner extends NotPermitted {
  constructor(what: string, owner: string) {
    super(`${what} belongs to ${owner}: do it as that user or as root, e.g. with sudo`);
  }
}

/** Status 6: what is written down in a namespace is for its owner and his group only. */
export class RecordsClosed extends NotPermitted {
  constructor(namespace: string) {
    super(`the records of namespace ${namespace} are for its owner and group only`);
  }
}

/**
 * The one line that an unknown failure is worth: the reason the system gave,
 * without the stack.
 */
export function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}

/**
 * The exit status for a command on several tasks: a failure (1, 2, 5, 6) wins
 * over an answer (3, 4), which wins over 0. Among equals the first one counts.
 */
export function combinedStatus(statuses: readonly number[]): number {
  const answers = [3, 4];
  return statuses.find((status) => status !== 0 && !answers.includes(status)) ??
    statuses.find((status) => status !== 0) ?? 0;
}
