/**
 * What the tests of the compiled executable share: running it as an unprivileged
 * user, in a namespace of the test's own that is gone afterwards.
 */

import leftOut from "./container/left_out.json" with { type: "json" };
import { inTime } from "./deadline.ts";
import { exec, type ExecOptions, OWNER, OWNER_GROUP, type Result, until } from "./programs.ts";

export * from "./programs.ts";

// Tests run programs as users who may not look into the checkout.
Deno.chdir("/");

/** The executable under test, where every user can reach it. */
export const LANCO = Deno.env.get("LANCO_EXE") ?? "";

/** What the names of this run's namespaces start with, for the sweeper. */
const PREFIX = Deno.env.get("LANCO_TEST_PREFIX") ?? "";

/** Whether the tests that need root and an executable can run. */
export const CAN_TEST_CGROUPS = LANCO !== "" && PREFIX !== "" && Deno.uid() === 0;

/** Whether the namespaces are to be made as on a host without cgroup v2 (scripts/legacy). */
export const LEGACY = Deno.env.get("LANCO_TEST_LAYOUT") === "legacy";

/** What is to keep the namespaces, if it is not what init chooses (scripts/container_test). */
export const KEEPER = Deno.env.get("LANCO_TEST_KEEPER") ?? "named";

/** Whether limits can be met here, and memory is counted: a container has no controllers where the host's are those of v1. */
export const HAS_CONTROLLERS = KEEPER !== "systemd" ||
  /\bmemory\b/.test(Deno.readTextFileSync("/sys/fs/cgroup/cgroup.controllers"));

/** What the release agent runs under, if not /bin/sh (scripts/under). */
const SHELL = Deno.env.get("LANCO_TEST_SHELL") ?? "";

/** The hierarchy whose cgroups have a task's processes and nothing else. */
export const TRACKER = LEGACY ? "freezer" : "unified";

/** Whether the path exists. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether a process lives; a zombie does not. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** How many descriptors of a process lead to something of that name. */
export function descriptors(pid: number, name: string): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].filter(({ name: fd }) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/fd/${fd}`).endsWith(name);
    } catch {
      return false;
    }
  }).length;
}

/** A namespace of one test. */
export class TestNamespace {
  readonly name = `${PREFIX}${crypto.randomUUID().slice(0, 8)}`;
  readonly directory = `/run/lanco/${this.name}`;
  readonly logs = `/var/log/lanco-${this.name}`;
  /** A directory of the owner's for the test's files. */
  readonly scratch = `${Deno.env.get("LANCO_TEST_DIR")}/${this.name}`;

  /** Runs `lanco <namespace> <args>` as the owner. */
  lanco(...args: string[]): Promise<Result> {
    return exec([LANCO, this.name, ...args]);
  }

  /** The same with options: another user, directory, environment. */
  lancoWith(options: ExecOptions, ...args: string[]): Promise<Result> {
    return exec([LANCO, this.name, ...args], options);
  }

  /** Runs what does not end by itself until it has written so many lines, at most a minute; returns all that it has. */
  async firstLines(count: number, args: readonly string[], options: ExecOptions = {}) {
    const out = `${this.scratch}/lines-${crypto.randomUUID()}`;
    const line = `out=$1 count=$2 looks=0; shift 2; "$@" >"$out" &
      until [ "$(wc -l <"$out")" -ge "$count" ] || [ $((looks += 1)) = 1200 ]; do
        kill -0 $! || exit; sleep 0.05
      done
      kill $!; cat "$out"`;
    const words = ["sh", "-c", line, "sh", out, String(count), LANCO, this.name, ...args];
    return (await exec(words, options)).stdout;
  }

  /** Runs `lanco <namespace> <args>`, which must succeed in silence. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.lanco(...args);
    if (code !== 0 || stderr !== "") {
      throw new Error(`lanco ${args.join(" ")} ended with ${code}: ${stderr}`);
    }
    return stdout;
  }

  /** The processes of a cgroup of this namespace, such as `named/task-x`. */
  pids(cgroup: string): number[] {
    try {
      const text = Deno.readTextFileSync(`${this.directory}/${cgroup}/cgroup.procs`);
      return text.split("\n").filter((line) => line !== "").map(Number);
    } catch {
      return [];
    }
  }

  /** The task's processes, without its shim. */
  task(task: string): number[] {
    return [...new Set(this.pids(`${TRACKER}/task-${task}`))];
  }

  /** The processes of the task and its shim. */
  members(task: string): number[] {
    const shim = KEEPER === "systemd" ? this.pids(`unified/shims/task-${task}`) : [];
    return [...new Set([...this.pids(`named/task-${task}`), ...shim])];
  }

  /** Freezes the task behind lanĉo's back. */
  freeze(task: string): void {
    const [file, state] = LEGACY ? ["freezer.state", "FROZEN"] : ["cgroup.freeze", "1"];
    Deno.writeTextFileSync(`${this.directory}/${TRACKER}/task-${task}/${file}`, state);
  }

  /** The directory of the last run of a task. */
  runDirectory(task: string): string {
    const runs = [...Deno.readDirSync(`${this.directory}/runs`)].map(({ name }) => name)
      .filter((name) => /^[0-9a-z]{26}-/.test(name) && name.slice(27) === task).sort();
    return `${this.directory}/runs/${runs.at(-1) ?? `none-${task}`}`;
  }

  /** What was launched as the last run of a task. */
  record(task: string) {
    return JSON.parse(Deno.readTextFileSync(`${this.runDirectory(task)}/run.json`));
  }

  /** The exit status that is on record of the last run of a task, if there is one. */
  status(task: string): number | undefined {
    const text = Deno.readTextFileSync(`${this.runDirectory(task)}/status`);
    const [, status] = /^[0-9a-z]{26}\nexecuted(?: [\d:]+)?\nended (\d+) [\d.]*\n$/.exec(text) ??
      [];
    return status === undefined ? undefined : Number(status);
  }

  /** The shim of a task. */
  shim(task: string): number {
    return this.record(task).shim;
  }

  /** What the task has written. */
  log(task: string): string {
    return Deno.readTextFileSync(`${this.logs}/task-${task}.log`);
  }

  /** Waits until nothing of the task is left in the kernel; where systemd keeps the namespace, an empty cgroup may be, if its shim was killed. */
  gone(task: string): Promise<void> {
    const cgroup = `${this.directory}/named/task-${task}`;
    const events = [cgroup, `${this.directory}/unified/shims/task-${task}`]
      .map((directory) => `${directory}/cgroup.events`);
    const isEmpty = (file: string) => {
      try {
        return /populated 0/.test(Deno.readTextFileSync(file));
      } catch {
        // It is gone.
        return true;
      }
    };
    return until(
      `task ${task} is gone`,
      () => !exists(cgroup) || KEEPER === "systemd" && events.every(isEmpty),
    );
  }

  /** What the runs, the named hierarchy and the logs contain: what a failed run must not change. */
  traces(): string[] {
    const list = (directory: string, pattern: RegExp) =>
      exists(directory)
        ? [...Deno.readDirSync(directory)].map(({ name }) => `${directory}/${name}`)
          .filter((path) => pattern.test(path))
        : [];
    return [
      ...list(`${this.directory}/runs`, /./),
      ...list(`${this.directory}/named`, /\/(task|exit|enter|bell|new)-/),
      ...list(`${this.directory}/${TRACKER}`, /task-/),
      ...list(`${this.directory}/${TRACKER}/exits`, /\/\d+-/),
      ...list(`${this.directory}/memory`, /task-/),
      ...list(this.logs, /(?<!\.runs)$/),
      ...list(`${this.logs}/.runs`, /./),
    ].sort();
  }

  /**
   * The same, when no request to the release agent is left, which removes the request after it
   * has admitted the task, and no cgroup without processes, which a shim removes after the end.
   */
  async tracesAtRest(): Promise<string[]> {
    const isLeft = (path: string) =>
      /\/named\/(enter|bell)-/.test(path) ||
      /\/task-\w+$/.test(path) && this.pids(path.slice(this.directory.length + 1)).length === 0;
    await until("nothing is left that goes by itself", () => !this.traces().some(isLeft));
    return this.traces();
  }

  /** The release agent. */
  get agent(): string {
    return `/var/lib/lanco/${this.name}/release-agent`;
  }

  /** Makes it, as root. */
  async init(...options: string[]): Promise<void> {
    Deno.mkdirSync(this.scratch, { recursive: true });
    Deno.chownSync(this.scratch, OWNER, OWNER_GROUP);
    const group = options.includes("-g") ? [] : ["-g", String(OWNER_GROUP)];
    const words = ["-u", String(OWNER), "--keeper", KEEPER, ...group, ...options];
    const init = LEGACY
      ? [LEGACY_SCRIPT, "init", LANCO, this.name, ...words]
      : [LANCO, this.name, "init", ...words];
    const { code, stderr } = await exec(init, { uid: 0 });
    if (code !== 0) throw new Error(`init ended with ${code}: ${stderr}`);
    if (SHELL !== "") this.runAgentUnder(SHELL);
  }

  /** Has the kernel run the agent under another shell than /bin/sh. */
  runAgentUnder(shell: string): void {
    const text = Deno.readTextFileSync(this.agent).replace(/^#!.*/, `#!${shell}`);
    // In its place by rename: the kernel may be running it.
    Deno.writeTextFileSync(`${this.agent}.new`, text, { mode: 0o755 });
    Deno.renameSync(`${this.agent}.new`, this.agent);
  }

  /** Makes the kernel call the release agent with a path, as the owner can. */
  async ring(path: string): Promise<void> {
    const { code, stderr } = await exec([
      "sh",
      "-c",
      'mkdir -p "$1/child" && rmdir "$1/child"',
      "sh",
      `${this.directory}/named/${path}`,
    ]);
    if (code !== 0) throw new Error(`cannot call the agent with ${path}: ${stderr}`);
  }

  /** Asks the agent to let in what a list of cgroups names, and waits until it has come. */
  async askToLetIn(...names: string[]): Promise<void> {
    const id = crypto.randomUUID();
    const list = `${this.directory}/named/enter-${id}`;
    await exec(["mkdir", list, ...names.map((name) => `${list}/${name}`)]);
    await this.ring(`bell-${id}`);
    await until("the agent has come", () => !exists(list));
  }

  /** Removes it and all that it has left, whatever state it is in. */
  async remove(): Promise<void> {
    const { code, stderr } = await exec(["/bin/sh", SWEEP, this.name], { uid: 0 });
    if (code !== 0) throw new Error(`the sweep of ${this.name} ended with ${code}: ${stderr}`);
  }
}

const LEGACY_SCRIPT = new URL("../scripts/legacy", import.meta.url).pathname;
export const SWEEP = new URL("../scripts/sweep", import.meta.url).pathname;

/** Whether a test cannot hold where systemd keeps the namespaces, for the reason on the list. */
function isLeftOut(name: string): boolean {
  const why = (leftOut.tests as Record<string, string>)[name];
  if (KEEPER !== "systemd" || why === undefined) return false;
  return !(HAS_CONTROLLERS && why.startsWith("it needs a controller"));
}

/** Declares a test in a namespace of its own, on real cgroups. It needs root, and has 25 minutes. */
export function cgroupTest(name: string, body: (ns: TestNamespace) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !CAN_TEST_CGROUPS || isLeftOut(name),
    async fn() {
      const ns = new TestNamespace();
      try {
        await ns.init();
        await inTime(body(ns));
      } finally {
        await ns.remove();
      }
    },
  });
}
