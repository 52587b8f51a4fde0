import { runProgram } from "../cli/program_output.ts";
import { delay } from "../cli/sleep.ts";
import script from "./kill.sh" with { type: "text" };
import { Failed, LancoError, NotPermitted, reason } from "../cli/errors.ts";
import { inodeOf } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { namedRoot } from "../namespace/paths.ts";
import { type Exit, runningExitCommands } from "../task/exit_commands.ts";
import type { Signal } from "../task/signals.ts";
import { runningInode } from "../task/task.ts";
import { type Ending, OwnerProcess } from "./owner_process.ts";

/**
 * How long root lets the owner's process take if root does not say so itself, in milliseconds: that
 * process heeds what the starters of the tasks have said, which root does not read.
 */
export const PATIENCE = 90_000;

/** How much longer than the timeout of `stop` the owner's process may take, in milliseconds. */
export const GRACE = 5000;

/** How long the release agent may take to remove the cgroup of a killed task, in milliseconds. */
const AGENT = 2000;

/** The hierarchy of exit commands where systemd keeps the namespace. */
const UNIFIED = ["unified"];

/** The cgroups of a run of a task, or of an exit command, that the script is to kill. */
interface Target {
  /** The name of its cgroup in the named hierarchy. */
  name: string;
  /** The inode number of that cgroup. */
  inode: number;
  /** The path of its cgroup in each other hierarchy. */
  place: string;
  /** The names of the other hierarchies that have this cgroup. */
  hierarchies: readonly string[];
}

/** The options of `stop` that the owner's process gets. */
export interface AskOptions {
  /** The first signal, if root says so. */
  signal?: Signal | undefined;
  /** How long to wait before SIGKILL, in milliseconds, if root says so; 0 kills at once. */
  patience?: number | undefined;
  /** Whether the signal goes to the command alone, if root says so. */
  main?: boolean | undefined;
  /** Sends the request to the owner's process; by default, a process is started for it. */
  by?: Asking | undefined;
}

/**
 * Has a process of the owner's stop tasks.
 *
 * @param args The arguments of `stop`.
 * @param patience How long to wait for its answer, in milliseconds.
 * @returns how that ended.
 */
export type Asking = (args: readonly string[], patience: number) => Promise<Ending>;

/**
 * Tasks that root stops in another user's namespace. First a process of the owner's stops
 * them, and records it; the owner can hinder this. Then root itself kills the processes that
 * are left, through the kernel's cgroup files alone; this the owner cannot hinder.
 */
export class OwnersTasks {
  readonly #targets: ReadonlyMap<string, readonly Target[]>;

  /**
   * Notes the runs that have these names now, so that no later run of a name is killed.
   *
   * @param run The inode of the registered cgroup of the run that is meant; by default, the
   * present run, or the exit commands if there is none.
   */
  constructor(private readonly namespace: Namespace, tasks: readonly string[], run?: number) {
    this.#targets = new Map(tasks.map((task) => [task, findTargets(namespace, task, run)]));
  }

  /** Returns whether the task, or its exit command, ran. */
  has(task: string): boolean {
    return (this.#targets.get(task) ?? []).length > 0;
  }

  /**
   * Stops the tasks by a process of the owner's.
   *
   * @returns how that process ended; undefined if none of the tasks runs.
   * @throws {NotPermitted} if the owner may not execute this executable, and tasks are to be
   * given time to end by themselves.
   */
  async ask(options: AskOptions): Promise<Ending | undefined> {
    const { patience = PATIENCE, by = this.#start } = options;
    const running = [...this.#targets].filter(([, targets]) => targets.length > 0);
    if (running.length === 0) return undefined;
    const { owner } = this.namespace;
    const tasks = running.map(([task]) => task);
    try {
      const ending = await by([...stopWords(options), "--", ...tasks], patience + GRACE);
      // With any status but 0 (stopped) and 3 (not running), the tasks were not even signalled.
      const { code = 0, signalled, what } = ending;
      if (signalled !== undefined || what !== "" || code === 0 || code === 3) return ending;
      return {
        ...ending,
        what: `the process that acted as ${owner} for root ended with status ${code}`,
      };
    } catch (error) {
      // The administrator can make the executable accessible; of other failures root only tells,
      // and kills.
      if (patience > 0 && error instanceof NotPermitted) throw error;
      return { what: reason(error) };
    }
  }

  readonly #start: Asking = async (args, patience) => {
    const { namespace: name, uid, owner } = this.namespace;
    const words = [name, "stop", ...args];
    const user = { uid, owner, namespace: this.namespace };
    return await (await OwnerProcess.start(user, words, "dropped")).end(patience);
  };

  /**
   * Kills the remaining processes of a task, or of its exit command if only that ran.
   *
   * @throws {LancoError} with status 3, if neither was running.
   * @throws {Failed} if a process is still there after SIGKILL.
   */
  async kill(task: string): Promise<void> {
    const targets = this.#targets.get(task) ?? [];
    // Not NotRunning: for its message similar names would be looked up in the owner's records.
    if (targets.length === 0) throw new LancoError(`task ${task} is not running`, 3, "WARN");
    for (const target of targets) {
      await this.#kill(task, target);
      await this.#awaitRemoval(target);
    }
  }

  async #kill(task: string, { name, inode, place, hierarchies }: Target): Promise<void> {
    const { namespace, hierarchies: all } = this.namespace;
    const freezer =
      all.find(({ name, version }) => version === 1 && name.split(",").includes("freezer"))?.name ??
        "";
    const words = [namespace, name, String(inode), place, freezer, ...hierarchies];
    const { success, stdout } = await runProgram("/bin/sh", ["-c", script, "lanco", ...words]);
    if (success) return;
    throw new Failed(
      `cannot see the end of task ${task}: processes that were killed are still there (${stdout.trim()}), ` +
        "and will end when the kernel completes the operation that they wait for",
    );
  }

  async #awaitRemoval({ name, inode }: Target): Promise<void> {
    const cgroup = `${namedRoot(this.namespace.namespace)}/${name}`;
    for (const deadline = performance.now() + AGENT; performance.now() < deadline;) {
      if (inodeOf(cgroup) !== inode) return;
      await delay(2);
    }
  }
}

/** Returns the options of `stop` for the owner's process. */
function stopWords({ signal, patience, main }: AskOptions): string[] {
  if (patience === 0) return ["--now"];
  return [
    ...(signal === undefined ? [] : ["-s", signal]),
    ...(patience === undefined ? [] : ["-t", String(patience / 1000)]),
    ...(main === undefined ? [] : [`--main=${main ? "yes" : "no"}`]),
  ];
}

function findTargets(namespace: Namespace, task: string, meant?: number): Target[] {
  const inode = runningInode(namespace.namespace, task);
  if (inode !== undefined && (meant ?? inode) === inode) {
    const own = namespace.hierarchies.filter((hierarchy) => hierarchy.tasks);
    const hierarchies = own.map(({ name }) => name);
    return [{ name: `task-${task}`, inode, place: `task-${task}`, hierarchies }];
  }
  const isMeant = (exit: Exit) => (meant ?? exit.inode) === exit.inode;
  const exits = runningExitCommands(namespace, (name) => name === task).filter(isMeant);
  return exits.flatMap((exit) => {
    const name = `exit-${exit.inode}-${task}`;
    const inode = inodeOf(`${namedRoot(namespace.namespace)}/${name}`);
    if (inode === undefined) return [];
    if (namespace.keeper === "systemd") return [{ name, inode, place: name, hierarchies: UNIFIED }];
    const hierarchies = namespace.exits === "" ? [] : [namespace.exits];
    return [{ name, inode, place: `exits/${exit.inode}-${task}`, hierarchies }];
  });
}
