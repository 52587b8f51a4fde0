import { assert, assertEquals } from "@std/assert";
import { hasCommandStarted } from "../../src/task/command_start.ts";
import { cgroupTest, OWNER, OWNER_GROUP, start, TRACKER, until } from "../harness.ts";

/** Starts a shell with the command line of a task's waiting first process, and moves it into a cgroup. */
async function startWaiting(cgroup: string, line: string): Promise<Deno.ChildProcess> {
  const process = start(["/bin/sh", "-c", `# What becomes the command. It\n${line}`]);
  await until("the process is a shell", () => {
    const words = Deno.readTextFileSync(`/proc/${process.pid}/cmdline`);
    return words.startsWith("/bin/sh");
  });
  Deno.writeTextFileSync(`${cgroup}/cgroup.procs`, String(process.pid));
  return process;
}

cgroupTest(
  "a first process that waits has not executed its command, whatever it forks",
  async (ns) => {
    const cgroup = `${ns.directory}/${TRACKER}/task-a`;
    Deno.mkdirSync(cgroup);
    Deno.chownSync(cgroup, OWNER, OWNER_GROUP);
    assert(!hasCommandStarted(cgroup));
    const shell = await startWaiting(cgroup, "while :; do (:); done");
    let begun = 0;
    for (let i = 0; i < 20000; i++) if (hasCommandStarted(cgroup)) begun++;
    assertEquals(begun, 0);
    const other = await startWaiting(cgroup, "sleep 0.5; sleep 1000; :");
    await until("a command has started", () => hasCommandStarted(cgroup));
    for (const process of [shell, other]) process.kill("SIGKILL");
    Deno.writeTextFileSync(
      `${cgroup}/${TRACKER === "unified" ? "cgroup.kill" : "freezer.state"}`,
      TRACKER === "unified" ? "1" : "THAWED",
    );
    for (const process of [shell, other]) await process.status;
    await until("all processes have ended", () => ns.task("a").length === 0);
  },
);
