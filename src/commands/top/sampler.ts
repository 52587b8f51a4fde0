import { existsSync } from "@std/fs/exists";
import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { each, withinBudget } from "../../cli/budget.ts";
import { isPopulated, processes, processesIn, unlessGone } from "../../cgroup/cgroup.ts";
import { type FreezerFile, isFrozen } from "../../cgroup/freezer.ts";
import { registeredTasks } from "../../task/task.ts";
import type { Namespace } from "../../namespace/description.ts";
import { assertMounted } from "../../namespace/namespace.ts";
import { exitCommandCgroups, namespaceDirectory, trackingCgroup } from "../../namespace/paths.ts";
import type { RunRecord } from "../../task/record.ts";
import { currentRun, runWithInode } from "../../task/records.ts";
import { sinceBoot } from "../../task/clock.ts";
import { sizeAt } from "../../task/output_size.ts";
import { startOfRun } from "../../task/start.ts";
import { type Exit, runningExitCommands } from "../../task/exit_commands.ts";
import type { Task } from "../../show/table.ts";

/** The running tasks and exit commands of a namespace at one moment. */
export interface Sample {
  /** The time of the sample, in milliseconds since 1970. */
  time: number;
  /** The tasks, sorted by name, then the running exit commands. */
  tasks: Task[];
  /** Whether tasks were left out because there was too much to read. */
  isTruncated: boolean;
}

/** The sources that the sampler reads; tests pass fakes. */
type Source = ReturnType<typeof sourceOf>;

function sourceOf(namespace: Namespace) {
  const { namespace: name } = namespace;
  return {
    /** The directory of the namespace. */
    directory: namespaceDirectory(name),
    /** Throws `NotInitialised` unless the namespace is mounted. */
    assertThere: () => assertMounted(name),
    /** Returns the record of the run whose cgroup in the named hierarchy has this inode. */
    record: (task: string, inode: number) => currentRun(name, task, inode)?.record,
    /** Returns the running exit commands. */
    exits: () => runningExitCommands(namespace),
    /** Returns the record of the run of an exit command. */
    recordOf: ({ task, inode }: Exit) => runWithInode(name, task, inode)?.record,
    /** Returns the size of a file. */
    sizeAt,
  };
}

/** How long a sample may take, in milliseconds: meanwhile keys are not answered. */
const SAMPLE_TIME = 1000;

/** How long a record is read again with each sample, in milliseconds: `run` may write it late. */
const RECORD_SETTLED = 2000;

/** The shortest interval over which the use of processors is measured, in milliseconds. */
const MIN_INTERVAL = 100;

/** The longest command that is kept, in characters: no terminal has more columns. */
const COMMAND_MAX = 1000;

/** The data of a run that are kept from one sample to the next. */
interface Known {
  /** The inode of its registered cgroup. */
  inode: number;
  /** The time of the first sample of this run, by the clock of `sample`'s `now`. */
  since: number;
  about: Pick<Task, "memoryLimit" | "cpuLimit" | "command" | "log">;
  /** The start of the run, in milliseconds since boot. */
  started: number | null;
  /** The processor time and the CPU % of the last interval, and the time of its end. */
  counted?: { cpuTime: number; at: number; cpu: number | null };
}

/** A row of a sample, and what is kept of it. */
interface Row {
  task: Task;
  known: Known;
}

/**
 * Samples the tasks of a namespace repeatedly. Reads four small files for each task and sample, and looks at its log;
 * the record, which does not change, only at the beginning of a run.
 */
export class Sampler {
  readonly #source: Source;
  readonly #cpu: ((task: string) => number | null) | undefined;
  readonly #memory: ((task: string) => number | null) | undefined;
  readonly #tracker: string;
  readonly #freezer: FreezerFile;
  #known = new Map<string, Known>();

  constructor(readonly namespace: Namespace, source: Partial<Source> = {}) {
    this.#source = { ...sourceOf(namespace), ...source };
    const tracker = basename(dirname(trackingCgroup(namespace, "any")));
    this.#tracker = `${this.#source.directory}/${tracker}`;
    this.#freezer = tracker === "unified" ? "cgroup.freeze" : "freezer.state";
    this.#cpu = this.#counter("cpuacct", "cpuacct.usage") ??
      this.#counter("unified", "cpu.stat", usageUsec);
    this.#memory = this.#counter("memory", "memory.usage_in_bytes") ??
      this.#counter("unified", "memory.current");
  }

  /**
   * Takes a sample.
   *
   * @param now The time by a monotonic clock, in milliseconds.
   * @param time The time since 1970, in milliseconds.
   * @param boot The time since boot, in milliseconds.
   * @throws {NotInitialised} if the namespace has been released.
   * @throws {Failed} if the tasks cannot be read.
   */
  sample(now = performance.now(), time = Date.now(), boot = sinceBoot()): Sample {
    this.#source.assertThere();
    const { result: found, truncated: isTruncated } = withinBudget(() => [
      ...each(
        registeredTasks(`${this.#source.directory}/named`).sort(),
        (name) => [this.#task(name, now, boot)].filter((found) => found !== undefined),
      ),
      ...each(this.#source.exits(), (exit) => [this.#exit(exit, now)]),
    ], { time: SAMPLE_TIME });
    this.#known = new Map(found.map(({ task, known }) => [task.id, known]));
    return { time, tasks: found.map(({ task }) => task), isTruncated };
  }

  #task(name: string, now: number, boot: number): Row | undefined {
    const registered = `${this.#source.directory}/named/task-${name}`;
    const shim = `${this.#source.directory}/unified/shims/task-${name}`;
    const inode = unlessGone(() => Deno.statSync(registered).ino, null);
    if (inode === null) return undefined;
    const size = this.#processes(name);
    // The tracking cgroup is empty before the first process enters it. If the named one is
    // empty too, the task has ended and the release agent has not run yet.
    if (size === 0 && ![registered, shim].some(isPopulated)) return undefined;
    const known = this.#recall(name, inode, now, boot);
    return this.#row(known, now, {
      id: name,
      name,
      state: isFrozen(`${this.#tracker}/task-${name}`, this.#freezer) ? "paused" : "running",
      processes: size,
      cpuTime: this.#cpu?.(name) ?? null,
      memory: this.#memory?.(name) ?? null,
      age: known.started === null ? null : Math.max(0, boot - known.started),
    });
  }

  /**
   * Samples an exit command, whose output goes to the log of its task. It has no limits, and its
   * memory is not counted.
   */
  #exit(exit: Exit, now: number): Row {
    const { task: name, inode } = exit;
    const id = `exit ${inode} ${name}`;
    const { registered, other: frozenCgroup } = exitCommandCgroups(this.namespace, name, inode);
    const about = () => {
      const { log } = describe(unlessUnreadable(() => this.#source.recordOf(exit)));
      return { ...describe(undefined), log, command: "(exit command)" };
    };
    const known = this.#known.get(id) ?? { inode, since: now, about: about(), started: null };
    const cpuTime = usageUsec(read(`${frozenCgroup ?? registered}/cpu.stat`));
    const size = processes(registered).length;
    const own = { id, name, state: "exit-cmd", processes: size, memory: null, age: null } as const;
    return this.#row(known, now, { ...own, cpuTime });
  }

  /** Returns a row with what is known of it, and what is to be kept until the next sample. */
  #row(
    known: Known,
    now: number,
    own: Pick<Task, "id" | "name" | "state" | "processes" | "cpuTime" | "memory" | "age">,
  ): Row {
    const { inode, about } = known;
    const counted = count(known.counted, own.cpuTime, now);
    const logSize = about.log === null ? null : this.#source.sizeAt(about.log);
    return {
      task: { ...own, inode, cpu: counted?.cpu ?? null, logSize, ...about },
      known: counted === undefined ? known : { ...known, counted },
    };
  }

  /** Returns the data of a run, from its record for the first `RECORD_SETTLED` milliseconds. */
  #recall(name: string, inode: number, now: number, boot: number): Known {
    const known = this.#known.get(name);
    if (known?.inode === inode && now - known.since > RECORD_SETTLED) return known;
    const record = unlessUnreadable(() => this.#source.record(name, inode));
    const [about, started] = [describe(record), this.#startOf(record, boot)];
    return known?.inode === inode
      ? { ...known, about, started }
      : { inode, since: now, about, started };
  }

  /** Returns the start of a run in milliseconds since boot; by the wall clock if need be. */
  #startOf(record: RunRecord | null | undefined, boot: number): number | null {
    // The owner can write anything into the record.
    if (typeof record?.started !== "number") return null;
    return startOfRun(this.namespace.namespace, record) ?? boot - (Date.now() - record.started);
  }

  /** Returns the number of processes of a task. Without children a cgroup has two links. */
  #processes(name: string): number {
    const cgroup = `${this.#tracker}/task-${name}`;
    const links = unlessGone(() => Deno.statSync(cgroup).nlink ?? 0, 2);
    return links > 2 ? processes(cgroup).length : new Set(processesIn(cgroup)).size;
  }

  /** Returns a function that reads a counter of a task; undefined if the host has no such file. */
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
    // The cgroup of the namespace has the same files as those of its tasks.
    if (!existsSync(`${root}/${file}`)) return undefined;
    return (task) => {
      const text = read(`${root}/task-${task}/${file}`);
      return text === undefined ? null : parse(text);
    };
  }
}

/** Returns the processor time in cpu.stat of v2, in nanoseconds (cgroup-v2.rst). */
function usageUsec(text = ""): number | null {
  const [, microseconds] = /^usage_usec (\d+)$/m.exec(text) ?? [];
  return microseconds === undefined ? null : Number(microseconds) * 1000;
}

function count(before: Known["counted"], cpuTime: number | null, at: number): Known["counted"] {
  if (cpuTime === null) return undefined;
  if (before === undefined) return { cpuTime, at, cpu: null };
  const elapsed = at - before.at;
  if (elapsed < MIN_INTERVAL) return before;
  // Nanoseconds per millisecond, divided by 10^4, are percent.
  return { cpuTime, at, cpu: Math.max(0, (cpuTime - before.cpuTime) / elapsed / 1e4) };
}

/** Returns the fields of a record. The owner can write anything into it: each type is checked. */
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
