import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { lastInit } from "../namespace/namespace.ts";
import { taskCgroups, usageDirectory } from "../namespace/paths.ts";
import { readFormerUsage } from "./records_of_1_1.ts";
import type { RunRecord } from "./record.ts";
import { registeredInode } from "./task.ts";

/** The resources that a task uses, or has used. A value that the host does not count is null. */
export interface Usage {
  /** Processor time in nanoseconds. */
  cpu: { total: number | null; user: number | null; system: number | null };
  /** Memory in bytes. */
  memory: { now: number | null; peak: number | null };
  /** The number of processes and threads. */
  pids: { now: number | null; peak: number | null };
  /** How many processes of the task the kernel has killed for want of memory. */
  oomKills: number | null;
  /** How often, and for how many nanoseconds, the limit on processors has stopped the task. */
  throttled: { times: number | null; time: number | null };
  /** For how many nanoseconds some process of the task has waited for a resource, and for what share of the last 10 s, in percent (accounting/psi.rst). */
  pressure: Record<"cpu" | "memory" | "io", { time: number; last10: number } | null>;
}

/** The files of cgroup v2 that tell what a task has used. */
export const UNIFIED_COUNTERS = ["cpu.stat", "memory.peak", "memory.events", "pids.peak"];

/** The files that tell what a task has used. The release agent saves them at its end. */
export const COUNTERS = [
  ...UNIFIED_COUNTERS,
  "cpuacct.usage",
  "cpuacct.stat",
  "memory.max_usage_in_bytes",
  "memory.oom_control",
];

/** The files that are read while a task runs. */
const FILES = [
  ...COUNTERS,
  "memory.current",
  "memory.usage_in_bytes",
  "pids.current",
  "cpu.pressure",
  "memory.pressure",
  "io.pressure",
];

/** Values by the name of their file and their name in it, such as `cpu.stat user_usec`. */
type Counters = Map<string, string>;

/** Reads the usage of tasks of a namespace from their cgroups. */
class UsageReader {
  /** The names of the files that exist, by hierarchy: they are the same for each of its tasks. */
  readonly #files = new Map<string, string[]>();

  constructor(private readonly namespace: Namespace) {}

  /** Returns what a running task uses. */
  read(task: string): Usage {
    return this.#read(taskCgroups(this.namespace, task));
  }

  /** Returns what all tasks of the namespace use together; the processor time includes that of tasks that have ended. */
  readAll(): Usage {
    return this.#read(taskCgroups(this.namespace, "").map(dirname));
  }

  #read(cgroups: string[]): Usage {
    const counters: Counters = new Map();
    for (const cgroup of cgroups) {
      for (const file of this.#available(cgroup)) {
        // The counters of v1 are not needed where v2 counts processor time, too.
        if (file.startsWith("cpuacct.") && counters.has("cpu.stat usage_usec")) continue;
        addCounters(counters, file, read(`${cgroup}/${file}`));
      }
    }
    return usageOf(counters);
  }

  #available(cgroup: string): string[] {
    // The namespace's own cgroup may have other files than those of its tasks.
    const key = basename(cgroup).startsWith("task-") ? dirname(cgroup) : cgroup;
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const names = unlessGone(() => [...Deno.readDirSync(cgroup)].map(({ name }) => name), null);
    if (names === null) return [];
    const files = FILES.filter((name) => names.includes(name));
    this.#files.set(key, files);
    return files;
  }
}

/** The readers of namespaces, each with the `init` that it is valid for. */
const readers = new Map<string, { init: number | null; reader: UsageReader }>();

/** Returns the reader of a namespace. It is kept, for it remembers which files its hierarchies have. */
export function usageReader(namespace: Namespace): UsageReader {
  const name = namespace.namespace;
  const init = lastInit(name);
  const known = readers.get(name);
  if (known !== undefined && init !== null && known.init === init) return known.reader;
  const reader = new UsageReader(namespace);
  readers.set(name, { init, reader });
  return reader;
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    // The task may have ended, or the host's pressure files be disabled (EOPNOTSUPP).
    return "";
  }
}

function addCounters(counters: Counters, file: string, text: string): void {
  for (const line of text.split("\n")) addCounter(counters, file, line);
}

function addCounter(counters: Counters, file: string, line: string): void {
  if (line.startsWith("some ")) {
    counters.set(`${file} some`, line);
    return;
  }
  const space = line.lastIndexOf(" ");
  if (space < 0) {
    if (line !== "") counters.set(file, line);
  } else {
    counters.set(`${file} ${line.slice(0, space)}`, line.slice(space + 1));
  }
}

/**
 * Returns what a run had used when it ended: as the release agent or the shim has saved it, or, as long
 * as its cgroups have not been removed, as the kernel counts it.
 *
 * @returns undefined if it was not saved, or has been removed since.
 */
export function keptUsage(namespace: Namespace, run: KeptRun): Usage | undefined {
  const { namespace: name } = namespace;
  const saved = savedUsage(name, run);
  if (saved !== undefined) return saved;
  if (registeredInode(name, run.task) === run.inode) return usageReader(namespace).read(run.task);
  // They may have been saved and removed since.
  return savedUsage(name, run);
}

/** A run whose counters were kept. */
type KeptRun = Pick<RunRecord, "task" | "inode" | "started">;

function savedUsage(namespace: string, { task, inode, started }: KeptRun): Usage | undefined {
  const file = `${usageDirectory(namespace)}/${inode}-${task}`;
  const text = unlessGone(() => Deno.readTextFileSync(file), undefined) ??
    readFormerUsage(namespace, task, started);
  return text === undefined ? undefined : parseUsage(text);
}

/** The clock tick of cpuacct.stat in nanoseconds: USER_HZ is 100 everywhere (times(2)). */
const TICK = 10_000_000;

/**
 * Parses counters: each line has the name of a file and a line of this file. See the kernel's
 * admin-guide/cgroup-v2.rst, cgroup-v1/cpuacct.rst and cgroup-v1/memory.rst.
 */
export function parseUsage(text: string): Usage {
  const counters: Counters = new Map();
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) addCounter(counters, line.slice(0, space), line.slice(space + 1));
  }
  return usageOf(counters);
}

function usageOf(counters: Counters): Usage {
  const number = (key: string, unit = 1): number | null => {
    const value = counters.get(key);
    return value === undefined || !/^\d+$/.test(value) ? null : Number(value) * unit;
  };
  return {
    cpu: {
      total: number("cpu.stat usage_usec", 1000) ?? number("cpuacct.usage"),
      user: number("cpu.stat user_usec", 1000) ?? number("cpuacct.stat user", TICK),
      system: number("cpu.stat system_usec", 1000) ?? number("cpuacct.stat system", TICK),
    },
    memory: {
      now: number("memory.current") ?? number("memory.usage_in_bytes"),
      peak: number("memory.peak") ?? number("memory.max_usage_in_bytes"),
    },
    pids: { now: number("pids.current"), peak: number("pids.peak") },
    oomKills: number("memory.events oom_kill") ?? number("memory.oom_control oom_kill"),
    throttled: {
      times: number("cpu.stat nr_throttled"),
      time: number("cpu.stat throttled_usec", 1000) ?? number("cpu.stat throttled_time"),
    },
    pressure: {
      cpu: pressure(counters.get("cpu.pressure some")),
      memory: pressure(counters.get("memory.pressure some")),
      io: pressure(counters.get("io.pressure some")),
    },
  };
}

function pressure(line = ""): { time: number; last10: number } | null {
  const [, last10, total] = /^some avg10=(\d+\.\d+) .*total=(\d+)$/.exec(line) ?? [];
  return total === undefined ? null : { time: Number(total) * 1000, last10: Number(last10) };
}
