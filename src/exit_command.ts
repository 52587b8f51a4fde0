import { join } from "@std/path/posix/join";
import { unlessGone } from "./cgroup/cgroup.ts";
import { readStatus } from "./record.ts";
import { runDirectory } from "./task.ts";

/**
 * Runs the exit command of a task that has ended, as the release agent does, but
 * as a child of this process: with the caller's rights and in his cgroups.
 */
export async function runExitCommand(namespace: string, task: string): Promise<void> {
  const directory = runDirectory(namespace, task);
  const script = unlessGone(() => Deno.readTextFileSync(join(directory, "exit-command")), "");
  if (script === "") return;
  const status = readStatus(directory);
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
