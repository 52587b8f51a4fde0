import type { Limits } from "../cgroup/limits.ts";
import type { Labels } from "../task/labels.ts";
import type { StopManner } from "../task/stop_manner.ts";
import type { TimeLimit } from "../task/time_limit.ts";

/** The bound of the files of a task's output. */
export interface Bound {
  /** The most bytes that are kept of each. */
  most: number;
  /** Whether a file that cannot be bounded, such as /dev/null, is an error. */
  demanded: boolean;
}

/** Options of a launch. */
export interface LaunchOptions {
  /** The command and its arguments. */
  command: readonly string[];
  /** Whether the command keeps the caller's terminal, session and standard streams. */
  foreground: boolean;
  /** The log, relative to the caller's directory; without it the command keeps the standard output and error. */
  log?: string;
  /** The file for the standard error, relative to the caller's directory; without it that goes where the output goes. */
  errors?: string;
  /** The bound of the log and of the file for the standard error, if they are bounded. */
  bound?: Bound;
  /** How many rotated logs to keep. */
  keep: number;
  /** The directory to change to first. */
  directory?: string;
  /** A file for the standard input; relative to the caller's directory. */
  input?: string;
  /** Variables to add to the caller's environment. */
  variables: ReadonlyMap<string, string>;
  /** The exit command, as shell text. */
  exitCommand?: string;
  /** The limits of the task. */
  limits: Limits;
  /** The labels of the run. */
  labels: Labels;
  /** How the run is to be stopped, if its starter says so. */
  stop?: StopManner;
  /** Whether the run is to be the only one of its task, as long as that is on record. */
  once?: boolean;
  /** Whether a run of the task that is under way is stopped first. */
  replace?: boolean;
  /** The time limit of the run, if it has one. */
  timeout?: TimeLimit;
  /** The oom_score_adj of the task; by default the caller's, or 0 if that is below 0. */
  oomScore?: number;
  /** Whether limits that the host cannot enforce are left out. */
  bestEffort: boolean;
  /** The batch that the launch belongs to, which has a shim pool. */
  batch?: { atEnd(close: () => void): void };
  /** Called with a message before each step, for `-d`. */
  debug?: (message: string) => void;
}
