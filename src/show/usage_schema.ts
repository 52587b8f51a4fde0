import type { Limits } from "../cgroup/limits.ts";
import type { Usage } from "../task/usage.ts";
import { integer, nullable, number, object, partial, type Schema } from "./schema_types.ts";

const stall = (resource: string) =>
  nullable(object(`waiting for ${resource}; null if it is not measured`, {
    time: integer("how long at least one process has waited, in nanoseconds"),
    last10: number("the share of the last 10 seconds, in percent"),
  }));

/** The schema of the resources that a task uses. */
export const usage: Schema<Usage> = object("what it uses or used, as far as the host counts it", {
  cpu: object("processor time", {
    total: nullable(integer("in nanoseconds")),
    user: nullable(integer("in user mode, in nanoseconds")),
    system: nullable(integer("in the kernel, in nanoseconds")),
  }),
  memory: object("memory", {
    now: nullable(integer("in use, in bytes")),
    peak: nullable(integer("the most that was in use, in bytes")),
  }),
  pids: object("processes and threads", {
    now: nullable(integer("the number of them")),
    peak: nullable(integer("the most at one time")),
  }),
  oomKills: nullable(integer("number of processes killed for want of memory")),
  throttled: object("waiting because of its limit of processors", {
    times: nullable(integer("how often")),
    time: nullable(integer("how long, in nanoseconds")),
  }),
  pressure: object("waiting for scarce resources (pressure stall information)", {
    cpu: stall("processors"),
    memory: stall("memory"),
    io: stall("disks"),
  }),
});

/** The schema of the limits of a task. */
export const limits: Schema<Limits> = partial("its limits; one that is not set is missing", {
  memory: integer("memory in bytes"),
  swap: integer("swap in bytes, in addition to the memory"),
  cpus: number("number of processors"),
  cpuWeight: integer("share of scarce processors, 1 to 10000"),
  pids: integer("number of processes and threads"),
  ioWeight: integer("share of scarce disks, 1 to 10000"),
});
