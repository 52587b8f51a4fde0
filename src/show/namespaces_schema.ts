import { integer, nullable, object, objects, text } from "./schema_types.ts";
import { limits } from "./usage_schema.ts";

/** The schema of the name of a namespace. */
export const namespace = text("the namespace");

const fileSystem = (what: string) =>
  nullable(object(what, {
    size: integer("its size in bytes"),
    used: integer("how much is in use, in bytes"),
    files: integer("how many files it can have; 0 if there is no limit"),
    filesUsed: integer("how many files it has"),
  }));

/** The schema of `namespaces`. */
export const namespaces = object("the namespaces of this host", {
  namespaces: objects("the namespaces, by name", "a namespace", {
    namespace,
    owner: nullable(text("the user who owns it")),
    group: nullable(text("the group that may read logs and records")),
    keeper: nullable(text("what keeps it: named or systemd")),
    tasks: nullable(integer("the number of running tasks")),
    processes: nullable(integer("the number of processes, shims included")),
    cpu: nullable(integer("processor time of all tasks, in nanoseconds")),
    memory: nullable(integer("memory that all tasks use, in bytes")),
    limits: nullable(limits),
    records: fileSystem("the file system of the records"),
    logs: fileSystem("the file system in which the logs are"),
    why: nullable(text("the reason, if something is not known")),
  }),
});
