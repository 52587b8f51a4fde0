import { assertEquals } from "@std/assert";
import { cgroupTest, LANCO, start, type TestNamespace, until } from "../harness.ts";

/** How long a command is held at a call, in milliseconds: until another command has been executed. */
const HOLD = 6000;

/** Whether a tracer holds the command, and not only for a moment. */
async function isHeld(words: string): Promise<boolean> {
  const held = () =>
    [...Deno.readDirSync("/proc")].some(({ name }) => {
      try {
        return Deno.readTextFileSync(`/proc/${name}/cmdline`) === words &&
          /^State:\s+t /m.test(Deno.readTextFileSync(`/proc/${name}/status`));
      } catch {
        return false;
      }
    });
  for (let looks = 0; looks < 10; looks++) {
    if (!held()) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** Prints JSON by a command that is held where it opens a file, until `meanwhile` is done. */
async function heldAt(
  path: string,
  ns: TestNamespace,
  args: readonly string[],
  meanwhile: () => Promise<unknown>,
) {
  const inject = `inject=openat:delay_enter=${HOLD * 1000}:when=1`;
  const tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e", "trace=openat"];
  const words = [LANCO, ns.name, ...args];
  const process = start([...tracer, "-e", inject, ...words], { stdout: "piped" });
  await until("it is held", () => isHeld(words.join("\0") + "\0"));
  await meanwhile();
  const { code, stdout } = await process.output();
  assertEquals(code, 0);
  return JSON.parse(new TextDecoder().decode(stdout));
}

cgroupTest("a run that begins between two looks of a command is not called unknown", async (ns) => {
  await ns.must("run", "b", "sleep", "1000");
  await ns.must("run", "a", "sh", "-c", "exit 3");
  await ns.gone("a");
  const runs = `${ns.directory}/runs`;
  const begin = () => ns.must("run", "a", "sleep", "1000");
  const end = async () => {
    await ns.must("stop", "--now", "a");
    await ns.gone("a");
  };
  const both = async () => {
    await begin();
    await end();
  };
  // It has been found not to run, and its record is about to be read.
  for (const more of [[], ["--run", "0"]]) {
    const args = ["status", "--json", ...more, "a"];
    assertEquals((await heldAt(runs, ns, args, begin)).state, "running", args.join(" "));
    await end();
    assertEquals((await heldAt(runs, ns, args, both)).state, "killed", args.join(" "));
  }
  // The last of the running tasks is being looked at.
  const members = `${ns.directory}/named/task-b/cgroup.procs`;
  for (const args of [["dump"], ["ls", "-a", "--json"], ["ls", "-a", "--runs", "--json"]]) {
    const { tasks, finished = tasks, runs } = await heldAt(members, ns, args, begin);
    const states = runs?.map(({ state }: { state: string }) => state) ?? [finished.a.state];
    assertEquals(states.includes("unknown"), false, `${args}: ${states}`);
    await end();
  }
});
