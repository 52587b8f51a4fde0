import { Usage } from "./errors.ts";

/** The longest name of a namespace, in bytes: the kernel allows 63 for `lanco-<ns>`. */
export const NAMESPACE_MAX = 50;

/** The longest name of a task, in bytes: a cgroup's name may have 255. */
export const TASK_MAX = 200;

/** Words that stand where a namespace would, and so cannot name one; and what is beside them in /run/lanco. */
export const RESERVED = ["help", "namespaces", "doctor", "man", "completions", "proc"];

const GRAMMAR = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Whether the name has only characters that are safe in a path and on a command line. */
export function isName(name: string, max: number): boolean {
  return GRAMMAR.test(name) && name.length <= max;
}

function assertName(what: string, name: string, max: number): void {
  if (name.length > max && GRAMMAR.test(name)) {
    throw new Usage(
      `the name of the ${what} has ${name.length} bytes: the longest allowed is ${max}`,
    );
  }
  if (!isName(name, max)) {
    throw new Usage(
      `"${name}" cannot name a ${what}: use letters, digits, ".", "_" and "-", not starting with "." or "-"`,
    );
  }
}

/**
 * Returns the name if it may name a task.
 *
 * @throws {Usage} if it is outside the grammar or too long.
 */
export function taskName(name: string): string {
  assertName("task", name, TASK_MAX);
  return name;
}

/**
 * Returns the name if it may name a namespace.
 *
 * @throws {Usage} if it is outside the grammar, too long or reserved.
 */
export function namespaceName(name: string): string {
  assertName("namespace", name, NAMESPACE_MAX);
  if (RESERVED.includes(name)) {
    throw new Usage(`"${name}" cannot name a namespace: it has a meaning of its own`);
  }
  return name;
}
