import script from "./kill.sh" with { type: "text" };
import { Failed, LancoError, NotPermitted, reason } from "../cli/errors.ts";
import { unlessGone } from "../cgroup/cgroup.ts";
import { namedRoot, type Namespace } from "../namespace/namespace.ts";
import { runningExits } from "../task/exits.ts";
import type { Signal } from "../task/signals.ts";
import { identity } from "../task/task.ts";
import { Acting, type Ending } from "./acting.ts";

/** How long the owner may take beyond what he is given to end a task, in milliseconds. */
const GRACE = 5000;

/** How long the release agent may take to free the name of what was killed, in milliseconds. */
const AGENT = 2000;

/** A run of a task, or its exit command: what the script kills. */
interface Killed {
  /** Its cgroup in the named hierarchy. */
  name: string;
  /** The inode of that. */
  inode: number;
  /** Its cgroup in the others. */
  place: string;
  /** These others. */
  hierarchies: readonly string[];
}

/** How to ask. */
export interface AskOptions {
  signal: Signal;
  /** How long to wait before killing, in milliseconds; 0 kills at once. */
  patience: number;
}

/**
 * Tasks that root stops in another user's namespace: he has the owner do it, who writes
 * down what he does, and kills himself what is left of them. The owner can hinder the
 * first, and not the second.
 */
export class OwnersTasks {
  readonly #killed: ReadonlyMap<string, readonly Killed[]>;

  /** Takes hold of what runs under these names now. */
  constructor(private readonly namespace: Namespace, tasks: readonly string[]) {
    this.#killed = new Map(tasks.map((task) => [task, find(namespace, task)]));
  }

  /**
   * Has the owner stop them.
   *
   * @returns what has become of that; nothing if none of them runs.
   * @throws {NotPermitted} if the owner may not execute this program, and is to ask.
   */
  async ask({ signal, patience }: AskOptions): Promise<Ending | undefined> {
    const running = [...this.#killed].filter(([, killed]) => killed.length > 0);
    if (running.length === 0) return undefined;
    const { namespace: name, uid, owner } = this.namespace;
    const how = patience === 0 ? ["--now"] : ["-t", String(patience / 1000)];
    const tasks = running.map(([task]) => task);
    const words = [name, "stop", "-s", signal, ...how, "--", ...tasks];
    try {
      const acting = Acting.start({ uid, owner, namespace: this.namespace }, words, "kept");
      const ending = await acting.end(patience + GRACE);
      // He could not even ask: 0 and 3 are answers.
      const { code = 0, signalled, what } = ending;
      if (signalled !== undefined || what !== "" || code === 0 || code === 3) return ending;
      return { ...ending, what: `what acted as ${owner} for root ended with status ${code}` };
    } catch (error) {
      // Who may not execute this program can be given it; what else hinders him is no reason to wait.
      if (patience > 0 && error instanceof NotPermitted) throw error;
      return { what: reason(error) };
    }
  }

  /**
   * Kills what is left of a task, or of its exit command if that was what ran.
   *
   * @throws {LancoError} with status 3, if neither did.
   * @throws {Failed} if a process outlives even that.
   */
  async kill(task: string): Promise<void> {
    const killed = this.#killed.get(task) ?? [];
    // Not by the error that has similar names looked up: these are the owner's records.
    if (killed.length === 0) throw new LancoError(`task ${task} is not running`, 3, "WARN");
    for (const one of killed) {
      await this.#kill(task, one);
      await this.#settle(one);
    }
  }

  async #kill(task: string, { name, inode, place, hierarchies }: Killed): Promise<void> {
    const { namespace, hierarchies: all } = this.namespace;
    const freezer =
      all.find(({ name, version }) => version === 1 && name.split(",").includes("freezer"))?.name ??
        "";
    const words = [namespace, name, String(inode), place, freezer, ...hierarchies];
    const { success, stdout } = await new Deno.Command("/bin/sh", {
      args: ["-c", script, "lanco", ...words],
      cwd: "/",
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    if (success) return;
    const left = new TextDecoder().decode(stdout).trim();
    throw new Failed(
      `cannot see the end of task ${task}: what was killed is still there (${left}), and ends ` +
        "when what it waits for in the kernel is done",
    );
  }

  async #settle({ name, inode }: Killed): Promise<void> {
    const cgroup = `${namedRoot(this.namespace.namespace)}/${name}`;
    for (const deadline = performance.now() + AGENT; performance.now() < deadline;) {
      if (unlessGone(() => Deno.statSync(cgroup).ino, null) !== inode) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

function find(namespace: Namespace, task: string): Killed[] {
  const inode = identity(namespace.namespace, task);
  if (inode !== undefined) {
    const own = namespace.hierarchies.filter((hierarchy) => hierarchy.tasks);
    const hierarchies = own.map(({ name }) => name);
    return [{ name: `task-${task}`, inode, place: `task-${task}`, hierarchies }];
  }
  return runningExits(namespace).filter((exit) => exit.task === task).flatMap(({ run }) => {
    const name = `exit-${run}-${task}`;
    const cgroup = `${namedRoot(namespace.namespace)}/${name}`;
    const inode = unlessGone(() => Deno.statSync(cgroup).ino, null);
    const hierarchies = namespace.exits === "" ? [] : [namespace.exits];
    return inode === null ? [] : [{ name, inode, place: `exits/${run}-${task}`, hierarchies }];
  });
}
