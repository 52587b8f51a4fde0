import { existsSync } from "@std/fs/exists";
import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { isPopulated, processes, processesIn, unlessGone } from "../cgroup/cgroup.ts";
import { registeredTasks } from "../task/task.ts";
import { assertMounted, type Namespace, namespaceDirectory } from "../namespace/namespace.ts";
import { readRun, type RunRecord } from "../task/record.ts";
import { sinceBoot } from "../task/clock.ts";
import { startOfRun } from "../task/start.ts";
import { type Exit, runningExits } from "../task/exits.ts";
import { exitPlace, trackingCgroup } from "../task/places.ts";
import type { Task } from "../show/table.ts";

/** The running tasks of a namespace at one moment. */
export interface Sample {
  /** When, in milliseconds since 1970. */
  time: number;
  /** Them, sorted by name. */
  tasks: Task[];
}

/** Where the sampler reads; tests give their own. */
export interface Source {
  /** The directory of the namespace. */
  directory: string;
  /** Throws unless there is such a namespace. */
  assertThere(): void;
  /** What was launched under the name. */
  record(task: string): RunRecord | undefined;
  /** The exit commands that run. */
  exits(): Exit[];
}

/** How long a record may still be that of the run before, in milliseconds. */
const SETTLED = 2000;

/** The shortest time that says something of the use of a processor, in milliseconds. */
const LEAST_INTERVAL = 100;

/** The longest command that is kept, in characters: the widest terminal has fewer columns. */
const COMMAND_MAX = 1000;

interface Known {
  run: number;
  since: number;
  about: Pick<Task, "memoryLimit" | "cpuLimit" | "command" | "log">;
  /** When it was started, in milliseconds since boot. */
  born: number | null;
  /** The processor time when it was last reckoned with, and when that was. */
  counted?: { cpuTime: number; at: number; cpu: number | null };
}

/**
 * Looks at the tasks of a namespace again and again, with as few files read as can
 * be: four small ones a task and a refresh. What cannot change is read once a run.
 */
export class Sampler {
  readonly #source: Source;
  readonly #cpu: ((task: string) => number | null) | undefined;
  readonly #memory: ((task: string) => number | null) | undefined;
  readonly #tracker: string;
  readonly #frozen: { file: string; state: RegExp };
  #known = new Map<string, Known>();

  constructor(readonly namespace: Namespace, source: Partial<Source> = {}) {
    const { namespace: name } = namespace;
    this.#source = {
      directory: namespaceDirectory(name),
      assertThere: () => assertMounted(name),
      record: (task) => readRun(name, task),
      exits: () => runningExits(namespace),
      ...source,
    };
    const tracker = basename(dirname(trackingCgroup(namespace, "any")));
    this.#tracker = `${this.#source.directory}/${tracker}`;
    this.#frozen = tracker === "unified"
      ? { file: "cgroup.freeze", state: /^1/ }
      : { file: "freezer.state", state: /^FR/ };
    this.#cpu = this.#counter("cpuacct", "cpuacct.usage") ??
      this.#counter("unified", "cpu.stat", usageUsec);
    this.#memory = this.#counter("memory", "memory.usage_in_bytes") ??
      this.#counter("unified", "memory.current");
  }

  /**
   * The tasks now.
   *
   * @param now A clock that is never set back, in milliseconds.
   * @param time In milliseconds since 1970.
   * @param boot In milliseconds since boot.
   * @throws {NotInitialised} if the namespace has been released.
   * @throws {Failed} if it cannot be looked at.
   */
  sample(now = performance.now(), time = Date.now(), boot = sinceBoot()): Sample {
    this.#source.assertThere();
    const known = new Map<string, Known>();
    const tasks: Task[] = [];
    for (const name of this.#names()) {
      const found = this.#task(name, now, boot);
      if (found === undefined) continue;
      known.set(name, found.known);
      tasks.push(found.task);
    }
    for (const exit of this.#source.exits()) {
      const found = this.#exit(exit, now);
      known.set(found.task.id, found.known);
      tasks.push(found.task);
    }
    this.#known = known;
    return { time, tasks };
  }

  #names(): string[] {
    return registeredTasks(`${this.#source.directory}/named`).sort();
  }

  #task(name: string, now: number, boot: number): { task: Task; known: Known } | undefined {
    const registered = `${this.#source.directory}/named/task-${name}`;
    const run = unlessGone(() => Deno.statSync(registered).ino, null);
    if (run === null) return undefined;
    const size = this.#processes(name);
    // Its first process may not have come in yet, or the release agent not have come.
    if (size === 0 && !isPopulated(registered)) return undefined;
    const known = this.#recall(name, run, now, boot);
    const cpuTime = this.#cpu?.(name) ?? null;
    const counted = count(known.counted, cpuTime, now);
    const task: Task = {
      id: name,
      name,
      run,
      state: this.#isFrozen(name) ? "paused" : "running",
      processes: size,
      cpu: counted?.cpu ?? null,
      cpuTime,
      memory: this.#memory?.(name) ?? null,
      age: known.born === null ? null : Math.max(0, boot - known.born),
      ...known.about,
    };
    return { task, known: counted === undefined ? known : { ...known, counted } };
  }

  /** An exit command has no limits, and no place where its memory is counted. */
  #exit({ task: name, run }: Exit, now: number): { task: Task; known: Known } {
    const id = `exit ${run} ${name}`;
    const { registered, bed } = exitPlace(this.namespace, name, run);
    const known = this.#known.get(id) ??
      { run, since: now, about: describe(undefined), born: null };
    const cpuTime = usageUsec(read(`${bed}/cpu.stat`));
    const counted = count(known.counted, cpuTime, now);
    const task: Task = {
      id,
      name,
      run,
      state: "exit-cmd",
      processes: processes(registered).length,
      cpu: counted?.cpu ?? null,
      cpuTime,
      memory: null,
      age: null,
      ...known.about,
      command: "(exit command)",
    };
    return { task, known: counted === undefined ? known : { ...known, counted } };
  }

  /** What is known of this run; from its record at first, which `run` may be about to write. */
  #recall(name: string, run: number, now: number, boot: number): Known {
    const known = this.#known.get(name);
    if (known?.run === run && now - known.since > SETTLED) return known;
    const record = unlessUnreadable(() => this.#source.record(name));
    const [about, born] = [describe(record), this.#born(record, boot)];
    return known?.run === run ? { ...known, about, born } : { run, since: now, about, born };
  }

  /** By the wall clock where nothing better is known. */
  #born(record: RunRecord | null | undefined, boot: number): number | null {
    // The record is a file of the owner's.
    if (typeof record?.started !== "number") return null;
    return startOfRun(this.namespace.namespace, record) ?? boot - (Date.now() - record.started);
  }

  /** A cgroup has two links and one for each below it: only then is there more to read. */
  #processes(name: string): number {
    const cgroup = `${this.#tracker}/task-${name}`;
    const links = unlessGone(() => Deno.statSync(cgroup).nlink ?? 0, 2);
    return links > 2 ? processes(cgroup).length : new Set(processesIn(cgroup)).size;
  }

  #isFrozen(name: string): boolean {
    return this.#frozen.state.test(
      read(`${this.#tracker}/task-${name}/${this.#frozen.file}`) ?? "",
    );
  }

  /** How to read a counter of a task, if the host has it. */
  #counter(
    controller: string,
    file: string,
    parse: (text: string) => number | null = Number,
  ): ((task: string) => number | null) | undefined {
    const hierarchy = this.namespace.hierarchies.find(({ name, tasks }) =>
      tasks && name.split(",").includes(controller)
    );
    if (hierarchy === undefined) return undefined;
    const root = `${this.#source.directory}/${hierarchy.name}`;
    // The namespace has it if its tasks have.
    if (!existsSync(`${root}/${file}`)) return undefined;
    return (task) => {
      const text = read(`${root}/task-${task}/${file}`);
      return text === undefined ? null : parse(text);
    };
  }
}

/** Reads the processor time in cpu.stat of v2, in nanoseconds (cgroup-v2.rst). */
function usageUsec(text = ""): number | null {
  const [, microseconds] = /^usage_usec (\d+)$/m.exec(text) ?? [];
  return microseconds === undefined ? null : Number(microseconds) * 1000;
}

function count(
  before: Known["counted"],
  cpuTime: number | null,
  at: number,
): Known["counted"] {
  if (cpuTime === null) return undefined;
  if (before === undefined) return { cpuTime, at, cpu: null };
  const elapsed = at - before.at;
  if (elapsed < LEAST_INTERVAL) return before;
  // Nanoseconds in milliseconds, in percent.
  return { cpuTime, at, cpu: Math.max(0, (cpuTime - before.cpuTime) / elapsed / 1e4) };
}

/** The record is a file of the owner's: whatever it says, it must do no more than look wrong. */
function describe(record: Partial<RunRecord> | null | undefined): Known["about"] {
  const number = (value: unknown) => typeof value === "number" ? value : null;
  const words = Array.isArray(record?.command) ? record.command : [];
  return {
    memoryLimit: number(record?.limits?.memory),
    cpuLimit: number(record?.limits?.cpus),
    command: words.join(" ").slice(0, COMMAND_MAX),
    log: typeof record?.log === "string" ? record.log : null,
  };
}

function unlessUnreadable<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function read(file: string): string | undefined {
  return unlessGone(() => Deno.readTextFileSync(file), undefined);
}
