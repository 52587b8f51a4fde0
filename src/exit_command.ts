import { unlessGone } from "./cgroup/cgroup.ts";
import { exitCommandFile, readStatus } from "./record.ts";
import { runDirectory } from "./task.ts";

/**
 * Runs the exit command of a task that has ended, as the release agent does, but
 * as a child of this process: with the caller's rights and in his cgroups.
 */
export async function runExitCommand(namespace: string, task: string): Promise<void> {
  const script = takeExitCommand(namespace, task);
  if (script === undefined) return;
  const status = readStatus(runDirectory(namespace, task));
  await new Deno.Command("/bin/sh", {
    args: ["-c", script],
    cwd: "/",
    env: {
      LANCO_NAMESPACE: namespace,
      LANCO_TASK: task,
      LANCO_STATUS: status === undefined ? "unknown" : String(status),
    },
    stdin: "null",
  }).output();
}

/** Takes the exit command away, so that it runs once at most. */
export function takeExitCommand(namespace: string, task: string): string | undefined {
  const file = exitCommandFile(namespace, task);
  return unlessGone(() => {
    const script = Deno.readTextFileSync(file);
    Deno.removeSync(file);
    return script;
  }, undefined);
}
