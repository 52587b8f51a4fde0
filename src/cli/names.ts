import { Usage } from "./errors.ts";

/**
 * The longest name of a namespace, in bytes. The kernel allows 63 for the name of a hierarchy
 * (MAX_CGROUP_ROOT_NAMELEN), which is `lanco-<namespace>`.
 */
export const NAMESPACE_MAX = 50;

/** The longest name of a task, in bytes. The directory of a cgroup may have 255, with a prefix. */
export const TASK_MAX = 200;

/** Words that cannot name a namespace: commands in its place, and the directory /run/lanco/proc. */
export const RESERVED = ["help", "namespaces", "doctor", "man", "completions", "proc"];

const GRAMMAR = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Whether a name has only characters that are safe in a path and on a command line, and no more than `max`. */
export function isName(name: string, max: number): boolean {
  return GRAMMAR.test(name) && name.length <= max;
}

function assertName(kind: string, name: string, max: number): void {
  if (name.length > max && GRAMMAR.test(name)) {
    throw new Usage(
      `the name of the ${kind} has ${name.length} bytes: the longest allowed is ${max}`,
    );
  }
  if (!isName(name, max)) {
    throw new Usage(
      `"${name}" cannot name a ${kind}: use letters, digits, ".", "_" and "-", not starting with "." or "-"`,
    );
  }
}

/**
 * Returns the name if it may name a task.
 *
 * @throws {Usage} if the name has other characters than the grammar allows, or is too long.
 */
export function taskName(name: string): string {
  assertName("task", name, TASK_MAX);
  return name;
}

/**
 * Returns the name if it may name a namespace.
 *
 * @throws {Usage} if the name has other characters than the grammar allows, is too long, or reserved.
 */
export function namespaceName(name: string): string {
  assertName("namespace", name, NAMESPACE_MAX);
  if (RESERVED.includes(name)) {
    throw new Usage(
      `"${name}" cannot name a namespace: it has a meaning of its own: choose another name`,
    );
  }
  return name;
}
