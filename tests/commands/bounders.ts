import { readDrops } from "../../src/task/drops.ts";
import { lives, type TestNamespace } from "../harness.ts";

/** The shells that bound logs in a namespace. */
export function bounders(ns: TestNamespace): number[] {
  const cgroups = [...Deno.readDirSync(`${ns.directory}/named`)].map(({ name }) => name)
    .filter((name) => name.startsWith("exit-T")).map((name) => `named/${name}`);
  const read = (pid: number, file: string) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/${file}`);
    } catch {
      return "";
    }
  };
  const found = cgroups.flatMap((cgroup) => ns.pids(cgroup))
    .filter((pid) => read(pid, "cmdline").includes("\0lanco-bound\0"));
  // A process that such a shell has just forked is shown as the shell.
  const parent = (pid: number) => Number(/^PPid:\s+(\d+)/m.exec(read(pid, "status"))?.[1]);
  return found.filter((pid) => lives(pid) && !found.includes(parent(pid)));
}

/** How many bytes have been dropped from the log of the last run of a task. */
export function dropped(ns: TestNamespace, task: string, output: "log" | "stderr" = "log"): number {
  const { removed = 0, hole = 0 } = readDrops(ns.runDirectory(task), output) ?? {};
  return removed + hole;
}
