import { isGone } from "../../cgroup/cgroup.ts";
import { Failed, reason } from "../../cli/errors.ts";
import { delay } from "../../cli/sleep.ts";
import type { Namespace } from "../../namespace/description.ts";
import { namespaceDirectory } from "../../namespace/paths.ts";
import { whenOpen } from "../reopening.ts";

/** How many locks a namespace has: names share them. */
const LOCKS = 64;

/** How long to wait for a lock, in milliseconds: it is held for a few system calls. */
const LOCK_TIMEOUT = 10_000;

/** The longest pause between two attempts to get a lock, in milliseconds. */
const PAUSE = 20;

/** Returns the file that is locked by who makes or removes the cgroup of a task. */
export function lockFile(namespace: string, task: string): string {
  let hash = 0;
  for (const byte of new TextEncoder().encode(task)) hash = (hash * 31 + byte) % 65_521;
  return `${namespaceDirectory(namespace)}/locks/${hash % LOCKS}`;
}

/**
 * Calls `act` with the lock of a task's name. The lock is flock(2)'s, which the kernel takes from a
 * process that is killed. If the namespace is closed meanwhile, `act` is called again.
 *
 * @throws {Failed} if another process holds the lock for ten seconds, or the namespace is gone.
 */
export async function withLock<T>(
  namespace: Namespace,
  task: string,
  act: () => T,
): Promise<T> {
  const path = lockFile(namespace.namespace, task);
  const locked = () =>
    ifUnlocked(path, act, (error) => explained(namespace.namespace, path, error));
  const deadline = performance.now() + LOCK_TIMEOUT;
  for (let pause = 1;; pause = Math.min(pause * 1.5, PAUSE)) {
    const done = await whenOpen(namespace, locked);
    if (done !== undefined) return done.result;
    if (performance.now() > deadline) {
      throw new Failed(
        `the name of task ${task} has been locked for ${LOCK_TIMEOUT / 1000} s: ` +
          `a process that holds ${path} open is stopped: see "fuser ${path}"`,
      );
    }
    await delay(pause);
  }
}

/**
 * Calls `act` with a file locked, unless another process has locked it, or another part of this one.
 *
 * @param explain Returns the error to throw if the file cannot be opened.
 * @returns the result of `act`; undefined if it was not called.
 */
export function ifUnlocked<T>(
  path: string,
  act: () => T,
  explain: (error: unknown) => unknown = (error) => error,
): { result: T } | undefined {
  let opened: Deno.FsFile;
  try {
    opened = Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    throw explain(error);
  }
  using file = opened;
  if (!file.tryLockSync(true)) return undefined;
  try {
    return { result: act() };
  } finally {
    // Closing the file is not enough: a process that another thread is starting has it open, too,
    // until it executes its program (fork(2)).
    file.unlockSync();
  }
}

function explained(namespace: string, path: string, error: unknown): unknown {
  if (isGone(error)) {
    return new Failed(`${path} is gone: run "sudo lanco ${namespace} init" again`);
  }
  if (!reason(error).includes("os error 30)")) return error;
  const directory = namespaceDirectory(namespace);
  return new Failed(
    `${directory} is read-only here: add it to ReadWritePaths= of the caller's unit`,
  );
}
