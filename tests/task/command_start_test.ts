import { assert, assertEquals } from "@std/assert";
import { hasCommandStarted, isYetToExecute } from "../../src/task/command_start.ts";
import { shellArguments } from "../../src/task/launch_shells.ts";
import { cgroupTest, OWNER, OWNER_GROUP, start, TRACKER, until } from "../harness.ts";

/** The arguments of a shell that evaluates a line as the first process of a task does its script. */
const waitingArguments = {
  "this version": (line: string) => shellArguments("lanco-child", line),
  "version 1.1.0": (line: string) => ["-c", `# What becomes the command. It\n${line}`],
};

/** Starts a shell that waits as the first process of a task, and moves it into a cgroup. */
async function startWaiting(cgroup: string, args: string[]): Promise<Deno.ChildProcess> {
  const process = start(["/bin/sh", ...args]);
  await until("the process is a shell", () => {
    const words = Deno.readTextFileSync(`/proc/${process.pid}/cmdline`);
    return words.startsWith("/bin/sh");
  });
  Deno.writeTextFileSync(`${cgroup}/cgroup.procs`, String(process.pid));
  return process;
}

for (const [version, args] of Object.entries(waitingArguments)) {
  cgroupTest(
    `a first process of ${version} that waits has not executed its command, whatever it forks`,
    async (ns) => {
      const cgroup = `${ns.directory}/${TRACKER}/task-a`;
      Deno.mkdirSync(cgroup);
      Deno.chownSync(cgroup, OWNER, OWNER_GROUP);
      assert(!hasCommandStarted(cgroup));
      const shell = await startWaiting(cgroup, args("while :; do (:); done"));
      let begun = 0;
      for (let i = 0; i < 20000; i++) if (hasCommandStarted(cgroup)) begun++;
      assertEquals(begun, 0);
      const other = await startWaiting(cgroup, args("sleep 0.5; sleep 1000; :"));
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
}

Deno.test("a first process has not executed its command while env(1) or rm(1) is in its place", () => {
  const line = (...words: string[]) => words.join("\0") + "\0";
  for (
    const words of [
      ["/bin/sh", ...waitingArguments["this version"](":")],
      ["/usr/bin/setsid", "/bin/sh", ...waitingArguments["this version"](":")],
      ["/usr/bin/env", "-S", "-u lanco_odd_0 -- 'a.b'=c", "sleep"],
      ["/usr/bin/nice", "-n", "0", "/a=b"],
      ["/bin/rm", "-rf", "--", "/run/lanco/web/runs/x-a"],
    ]
  ) assert(isYetToExecute(line(...words)), words.join(" "));
  for (
    const words of [
      ["/bin/sh", "-c", "sleep 1000"],
      ["/usr/bin/env", "sleep", "1000"],
      ["/usr/bin/nice", "-n", "5", "sleep"],
      ["/bin/rm", "-rf", "--", "/tmp/a"],
      ["sleep", "1000"],
    ]
  ) assert(!isYetToExecute(line(...words)), words.join(" "));
});
