import { assertEquals } from "@std/assert";
import { signalling } from "../faults/fault.ts";
import { cgroupTest, LANCO, start, type TestNamespace, until } from "../harness.ts";

/** Prints JSON by a command that is stopped when it has opened a file for the first time, until `meanwhile` is done. */
async function heldAt(
  path: string,
  ns: TestNamespace,
  args: readonly string[],
  meanwhile: () => Promise<unknown>,
) {
  const said = `${ns.scratch}/stopped-${crypto.randomUUID()}`;
  const tracer = signalling("STOP", "openat", 1, "-f", "-P", path)
    .filter((word) => word !== "-qq").map((word) => word === "/dev/null" ? said : word);
  const process = start([...tracer, LANCO, ns.name, ...args], { stdout: "piped" });
  const output = process.output();
  const stopped = () => /^(\d+) +--- stopped by SIGSTOP ---$/m.exec(textOf(said))?.[1];
  await until("it is stopped", () => stopped() !== undefined);
  await meanwhile();
  Deno.kill(Number(stopped()), "SIGCONT");
  const { code, stdout } = await output;
  assertEquals(code, 0);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
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
