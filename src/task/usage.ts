import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { unlessGone } from "../cgroup/cgroup.ts";
import type { Namespace } from "../namespace/description.ts";
import { lastInit } from "../namespace/namespace.ts";
import { namespaceDirectory, taskCgroups } from "../namespace/paths.ts";
import { readFormerUsage } from "./records_of_1_1.ts";
import type { RunRecord } from "./record.ts";

/** What a task uses, or has used. What the host does not count is null. */
export interface Usage {
  /** Processor time in nanoseconds. */
  cpu: { total: number | null; user: number | null; system: number | null };
  /** Memory in bytes. */
  memory: { now: number | null; peak: number | null };
  /** Processes and threads. */
  pids: { now: number | null; peak: number | null };
  /** How many of its processes the kernel has killed for want of memory. */
  oomKills: number | null;
  /** How often, and how long in nanoseconds, it had to wait by its limit of processors. */
  throttled: { times: number | null; time: number | null };
  /** How long in nanoseconds some of it has waited for a resource, and its share of the last 10 s in percent. */
  pressure: Record<"cpu" | "memory" | "io", { time: number; last10: number } | null>;
}

/** The counters that are read; the release agent keeps those that still count after the end. */
const FILES = [
  "cpu.stat",
  "cpuacct.usage",
  "cpuacct.stat",
  "memory.current",
  "memory.peak",
  "memory.events",
  "memory.usage_in_bytes",
  "memory.max_usage_in_bytes",
  "memory.oom_control",
  "pids.current",
  "pids.peak",
  "cpu.pressure",
  "memory.pressure",
  "io.pressure",
];

/** Values by the name of their file and what they are called there: `cpu.stat user_usec`. */
type Counters = Map<string, string>;

/** Reads what tasks of a namespace use from their cgroups. */
class UsageReader {
  /** Which counters a hierarchy has: the same for each of its tasks. */
  readonly #files = new Map<string, string[]>();

  constructor(private readonly namespace: Namespace) {}

  /** What a running task uses. */
  read(task: string): Usage {
    return this.#read(taskCgroups(this.namespace, task));
  }

  /** What all tasks of the namespace use together; the processor time includes those that have ended. */
  readAll(): Usage {
    return this.#read(taskCgroups(this.namespace, "").map(dirname));
  }

  #read(cgroups: string[]): Usage {
    const counters: Counters = new Map();
    for (const cgroup of cgroups) {
      for (const file of this.#available(cgroup)) {
        // Where v2 counts processor time too, that is enough.
        if (file.startsWith("cpuacct.") && counters.has("cpu.stat usage_usec")) continue;
        addCounters(counters, file, read(`${cgroup}/${file}`));
      }
    }
    return usageOf(counters);
  }

  #available(cgroup: string): string[] {
    // The namespace's own cgroup may have others than those of its tasks.
    const place = basename(cgroup).startsWith("task-") ? dirname(cgroup) : cgroup;
    const known = this.#files.get(place);
    if (known !== undefined) return known;
    const names = unlessGone(() => [...Deno.readDirSync(cgroup)].map(({ name }) => name), null);
    if (names === null) return [];
    const files = FILES.filter((name) => names.includes(name));
    this.#files.set(place, files);
    return files;
  }
}

/** By namespace: its reader, and of which init that is. */
const readers = new Map<string, { init: number | null; reader: UsageReader }>();

/** The reader of a namespace, which knows from the last time what its hierarchies count. */
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
    // Pressure files there are may be switched off (EOPNOTSUPP), the task may end.
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
 * What a run had used when it ended, as the release agent has kept it.
 *
 * @returns nothing if the agent has not kept it, or not for so long.
 */
export function keptUsage(
  namespace: string,
  { task, cgroup, started }: Pick<RunRecord, "task" | "cgroup" | "started">,
): Usage | undefined {
  const file = `${namespaceDirectory(namespace)}/usage/${cgroup}-${task}`;
  const text = unlessGone(() => Deno.readTextFileSync(file), undefined) ??
    readFormerUsage(namespace, task, started);
  return text === undefined ? undefined : parseUsage(text);
}

/** The clock tick of cpuacct.stat in nanoseconds: USER_HZ is 100 everywhere (times(2)). */
const TICK = 10_000_000;

/**
 * Reads counters, a line each: the file's name and the line. See
 * Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/cpuacct.rst and memory.rst.
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
