import type { Usage } from "../task/usage.ts";
import { integer, nullable, number, object, type Schema } from "./schema_types.ts";

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
