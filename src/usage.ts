import { join } from "@std/path/posix/join";
import { unlessGone } from "./cgroup/cgroup.ts";
import { type Namespace, namespaceDirectory } from "./namespace.ts";
import { taskCgroups } from "./task.ts";

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

/** What the running task uses, from its cgroups. */
export function liveUsage(namespace: Namespace, task: string): Usage {
  const lines: string[] = [];
  for (const cgroup of taskCgroups(namespace, task)) {
    const files = unlessGone(() => [...Deno.readDirSync(cgroup)].map(({ name }) => name), []);
    for (const file of FILES.filter((name) => files.includes(name))) {
      for (const line of readLines(join(cgroup, file))) lines.push(`${file} ${line}`);
    }
  }
  return parseUsage(lines.join("\n"));
}

function readLines(file: string): string[] {
  try {
    return Deno.readTextFileSync(file).trimEnd().split("\n");
  } catch {
    // Pressure files there are may be switched off (EOPNOTSUPP), the task may end.
    return [];
  }
}

/**
 * What the task had used when it ended, as the release agent has kept it.
 *
 * @param since The start of the run that is asked about, in milliseconds since 1970.
 * @returns nothing if the agent kept nothing of that run.
 */
export function keptUsage(namespace: string, task: string, since: number): Usage | undefined {
  const file = join(namespaceDirectory(namespace), "usage", task);
  return unlessGone(() => {
    const { mtime } = Deno.statSync(file);
    return (mtime?.getTime() ?? 0) < since ? undefined : parseUsage(Deno.readTextFileSync(file));
  }, undefined);
}

/** The clock tick of cpuacct.stat in nanoseconds: USER_HZ is 100 everywhere (times(2)). */
const TICK = 10_000_000;

/**
 * Reads counters, a line each: the file's name and the line. See
 * Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/cpuacct.rst and memory.rst.
 */
export function parseUsage(text: string): Usage {
  const counters = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^(\S+(?: \S+)*?) ([\d.a-z=][^ ]*|some .*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) counters.set(key, value);
  }
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
      cpu: pressure(text, "cpu"),
      memory: pressure(text, "memory"),
      io: pressure(text, "io"),
    },
  };
}

function pressure(text: string, resource: string): { time: number; last10: number } | null {
  const line = new RegExp(`^${resource}\\.pressure some avg10=([\\d.]+) .*total=(\\d+)$`, "m");
  const [, last10, total] = line.exec(text) ?? [];
  return total === undefined ? null : { time: Number(total) * 1000, last10: Number(last10) };
}
