import up from "../../src/root/up.sh" with { type: "text" };
import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists, LEGACY, OWNER, start, until } from "../harness.ts";
import { partOf, underEachShell } from "../properties/shells.ts";

const numbersLeft = partOf(up, /^numbers_left\(\) \{[^]*?^\}/m);

/**
 * The warning of init on a host where v2 has these controllers, the namespaces may make these
 * numbers of cgroups, and /proc/cgroups counts this many memory cgroups.
 */
async function said(controllers: string, shares: string[], memory: number): Promise<string> {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${directory}/cgroup.controllers`, `${controllers}\n`);
    Deno.writeTextFileSync(`${directory}/cgroups`, `#subsys_name\nmemory\t4\t${memory}\t1\n`);
    for (const [i, share] of shares.entries()) {
      Deno.mkdirSync(`${directory}/lanco-${i}`);
      Deno.writeTextFileSync(`${directory}/lanco-${i}/cgroup.max.descendants`, `${share}\n`);
    }
    const script = `set -eu\n${numbersLeft}\nnumbers_left "$1" "$1/cgroups"`;
    const outputs = (await underEachShell(script, [directory])).map(([, output]) =>
      new TextDecoder().decode(output)
    );
    assertEquals(new Set(outputs).size, 1);
    return outputs[0] ?? "";
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("init warns when more than half of the ids of memory cgroups may be taken", async () => {
  const five = Array.from({ length: 5 }, () => "6000");
  assertEquals(await said("cpu memory pids", five, 0), "");
  assertEquals(await said("cpu memory pids", ["max", "0", ...five], 0), "");
  assertMatch(await said("cpu memory pids", [...five, "6000"], 0), /^the namespaces .* 36000 of/);
  assertEquals(await said("cpu pids", [...five, "6000"], 32767), "");
  assertMatch(await said("hugetlb", [], 32768), /^this host has 32768 of .*: release a/);
});

if (!LEGACY) {
  cgroupTest("a namespace has its share of cgroups, and says so when it is used up", async (ns) => {
    const file = `${ns.directory}/unified/cgroup.max.descendants`;
    assertEquals(Deno.readTextFileSync(file), "6000\n");
    await exec(["sh", "-c", `echo 3 >${file}`], { uid: 0 });
    await ns.must("run", "a", "sleep", "1000");
    const { code, stderr } = await ns.lanco("run", "b", "sleep", "1000");
    assertEquals(code, 1);
    assertMatch(stderr, /has as many cgroups as it may have: stop tasks, or remove/);
    await ns.must("stop", "a");
    await ns.gone("a");
    await ns.must("run", "b", "true");
  });
}

const RENAMER = `import os, sys
named = sys.argv[1]
print("ready", flush=True)
while True:
  for name in os.listdir(named):
    if name.startswith("new-"):
      try: os.rename(f"{named}/{name}", f"{named}/mine-{name}")
      except OSError: pass`;

cgroupTest(
  "an owner cannot hinder init by renaming the cgroup with which it tries the agent",
  async (ns) => {
    const named = `${ns.directory}/named`;
    const renamer = start(["/usr/bin/python3", "-c", RENAMER, named], { stdout: "piped" });
    try {
      await renamer.stdout.getReader().read();
      for (let i = 0; i < 4; i++) await ns.init();
      assertEquals(Deno.statSync(named).uid, OWNER);
      assertEquals([...Deno.readDirSync(named)].filter(({ isDirectory }) => isDirectory), []);
    } finally {
      renamer.kill("SIGKILL");
      await renamer.stdout.cancel().catch(() => {});
      await renamer.status;
    }
    await ns.must("run", "a", "true");
    await until("the task has ended", () => !exists(`${named}/task-a`));
  },
);
