import { actsForRoot, effectiveUser } from "../../namespace/caller.ts";
import { Failed, NotRunning } from "../../cli/errors.ts";
import { freeze } from "../../stop/freeze.ts";
import type { Namespace } from "../../namespace/description.ts";
import { patienceOf, stop, stopExit } from "../../stop/stop.ts";
import { tellRoot } from "../../stop/stop_by_key.ts";
import { isExitCommandRunning } from "../../task/exit_commands.ts";
import type { Signal } from "../../task/signals.ts";
import { runningInode } from "../../task/task.ts";
import { LogTail } from "../../logs/log_tail.ts";
import { page } from "./pager.ts";
import { Sampler } from "./sampler.ts";

/** The longest wait for SIGTSTP to suspend this process, in milliseconds. */
const SUSPEND_WAIT = 200;

/** The effects of the live view outside of its terminal; tests pass fakes. */
export type World = ReturnType<typeof realWorld>;

/** Returns the `World` of a namespace on this host. */
export function realWorld(namespace: Namespace) {
  const sampler = new Sampler(namespace);
  const own = effectiveUser() === namespace.uid;
  const logs = new LogTail(own ? undefined : namespace.uid);
  return {
    /** Takes a sample of the tasks. */
    sample: () => sampler.sample(),
    /** Reads the end of a log. */
    tail: (log: string) => logs.read(log),
    /** Stops this run of a task, or if it is over its exit command; `atOnce` sends only SIGKILL. */
    async stop(task: string, inode: number, atOnce: boolean): Promise<void> {
      const how = atOnce ? { patience: 0 } : {};
      const tell = actsForRoot() ? tellRoot : () => {};
      if (actsForRoot()) tell({ stop: task, inode, patience: patienceOf(namespace, task, how) });
      try {
        if (runningInode(namespace.namespace, task) === inode) {
          return await stop(namespace, task, how);
        }
        const exit = { task, inode };
        if (!isExitCommandRunning(namespace, exit)) throw new NotRunning(task);
        await stopExit(namespace, exit, how);
      } finally {
        tell({ over: inode });
      }
    },
    /** Pauses or resumes a task. */
    freeze: (task: string, frozen: boolean) => freeze(namespace, task, frozen),
    /** Shows a log in a pager, until the user quits it or `abort` ends it. */
    page,
    /** Suspends this program, until the caller's shell continues it. */
    suspend,
    /** Calls the handler at each signal of this name. Returns a function that ends this. */
    onSignal(signal: Signal, handler: () => void): () => void {
      Deno.addSignalListener(signal, handler);
      return () => Deno.removeSignalListener(signal, handler);
    },
  };
}

/**
 * Suspends the process group, as the terminal does at ^Z: the caller may be a script. The
 * kernel ignores SIGTSTP in an orphaned process group, which no shell can continue (setpgid(2)).
 */
async function suspend(): Promise<void> {
  // This process is in a session of its own, away from root's shell: see root/owner.sh.
  if (actsForRoot()) throw new Failed("root's top cannot be suspended: quit it with q");
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, SUSPEND_WAIT);
  Deno.addSignalListener("SIGCONT", resolve);
  Deno.kill(0, "SIGTSTP");
  await promise;
  clearTimeout(timer);
  Deno.removeSignalListener("SIGCONT", resolve);
}
