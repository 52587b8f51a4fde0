import { assert, assertEquals } from "@std/assert";
import { hasCommandStarted, isWaiting } from "../../src/task/command_start.ts";
import { cgroupTest, OWNER, OWNER_GROUP, start, TRACKER, until } from "../harness.ts";

/** The arguments of a shell that evaluates a line as the first process of a task does its script. */
const waitingArguments = {
  "this version": (line: string) => ["-c", 'eval "$1"', "lanco-child", line],
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

Deno.test("isWaiting() recognises a command line that the kernel has cut off", () => {
  for (const args of Object.values(waitingArguments)) {
    const line = ["/bin/sh", ...args("read -r word")].join("\0") + "\0";
    assert(isWaiting(line));
    assert(isWaiting(line.slice(0, -5)));
    assert(isWaiting(line.slice(0, "/bin/sh\0-c\0eva".length)));
  }
});

Deno.test("isWaiting() recognises setsid, which is yet to become that shell", () => {
  const line = (words: string[]) => ["/usr/bin/setsid", "/bin/sh", ...words].join("\0") + "\0";
  assert(isWaiting(line(waitingArguments["this version"]("read -r word"))));
  assert(!isWaiting(line(["-c", "read -r word"])));
});

Deno.test("isWaiting() refuses other command lines of a shell", () => {
  for (
    const words of [
      ["/bin/sh"],
      ["/bin/sh", "-c", ""],
      ["/bin/sh", "-c", "#"],
      ["/bin/sh", "-c", "# What"],
      ["/bin/sh", "-c", 'eval "$1"'],
      ["/bin/sh", "-c", 'eval "$1"', "lanco", "true"],
      ["/usr/bin/env", "-S", "lanco-child"],
    ]
  ) assert(!isWaiting(words.join("\0") + "\0"), words.join(" "));
  assert(!isWaiting(""));
  assert(!isWaiting("/bin/sh\0-c\0"));
});
