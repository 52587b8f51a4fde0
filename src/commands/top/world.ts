import { actsForRoot, effectiveUser } from "../../namespace/caller.ts";
import { Failed, NotRunning } from "../../cli/errors.ts";
import { freeze } from "../../stop/freeze.ts";
import type { Namespace } from "../../namespace/description.ts";
import { patienceOf, stop, stopExit } from "../../stop/stop.ts";
import { tellRoot } from "../../stop/stop_by_key.ts";
import { isExitCommandRunning } from "../../task/exit_commands.ts";
import { runningInode } from "../../task/task.ts";
import type { World } from "./live.ts";
import { LogTail } from "../../logs/log_tail.ts";
import { page } from "./pager.ts";
import { Sampler } from "./sampler.ts";

/** The longest wait for SIGTSTP to suspend this process, in milliseconds. */
const SUSPEND_WAIT = 200;

/** Returns the `World` of a namespace on this host. */
export function realWorld(namespace: Namespace): World {
  const sampler = new Sampler(namespace);
  const own = effectiveUser() === namespace.uid;
  const logs = new LogTail(own ? undefined : namespace.uid);
  return {
    sample: () => sampler.sample(),
    tail: (log) => logs.read(log),
    async stop(task, inode, atOnce) {
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
    freeze: (task, frozen) => freeze(namespace, task, frozen),
    page,
    suspend,
    onSignal(signal, handler) {
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
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, SUSPEND_WAIT);
    function done() {
      clearTimeout(timer);
      Deno.removeSignalListener("SIGCONT", done);
      resolve();
    }
    Deno.addSignalListener("SIGCONT", done);
    Deno.kill(0, "SIGTSTP");
  });
}
