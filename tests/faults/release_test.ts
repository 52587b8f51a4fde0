import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists, LANCO, STRANGER, TestNamespace } from "../harness.ts";
import { CALLS, killing, steps } from "./fault.ts";

cgroupTest("release that is killed at any system call is completed by the next", async (ns) => {
  let kills = 0;
  for (const call of CALLS) {
    // strace(1) counts the calls of each process, so that most have made their first only.
    for (const n of [1, ...steps(90, 7)]) {
      const release = [LANCO, ns.name, "release"];
      const killed = await exec([...killing(call, n, "-f"), ...release], {
        uid: 0,
      });
      const { code, stderr } = await exec(release, { uid: 0 });
      assert([0, 5].includes(code), `${call} ${n}: ${code} ${stderr}`);
      assert(!exists(ns.directory), `${call} ${n}`);
      await ns.init();
      if (killed.code === 0) break;
      kills++;
    }
  }
  assert(kills > 9, `${kills} kills`);
});

cgroupTest("a namespace that is half released cannot get another owner", async (ns) => {
  const record = `${ns.directory}/namespace.json`;
  const half = () => Deno.renameSync(record, `${record}.old`);
  half();
  const init = [LANCO, ns.name, "init", "-u", String(STRANGER)];
  const { code, stderr } = await exec(init, { uid: 0 });
  assertEquals(code, 1);
  assertMatch(stderr, /belongs to games:games: .*run "lanco .* release" first\n$/);
  assertEquals((await ns.lanco("check", "a")).code, 3);
  await ns.init();
  assert(exists(record) && !exists(`${record}.old`));
  // A task that runs when the release is repeated is found, and keeps its namespace.
  await ns.must("run", "a", "sleep", "1000");
  half();
  const refused = await ns.lancoWith({ uid: 0 }, "release");
  assertEquals(refused.code, 4);
  assertMatch(refused.stderr, /is in use, by .*, and half released: end these/);
  assertEquals((await ns.lanco("check", "b")).code, 3);
  await ns.init();
  await ns.must("stop", "a");
  half();
  assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  assert(!exists(ns.directory));
});

/** Returns the programs that a release of the namespace starts, and releases it. */
async function programsOf(ns: TestNamespace): Promise<string[]> {
  const trace = `${ns.scratch}/trace`;
  const strace = ["strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", trace];
  await exec([...strace, LANCO, ns.name, "release"], { uid: 0 });
  const started = Deno.readTextFileSync(trace).matchAll(/execve\("([^"]+)".* = 0$/gm);
  return [...new Set([...started].map(([, program = ""]) => program))]
    .filter((program) => program !== LANCO && !program.endsWith("/sh"));
}

cgroupTest(
  "a release whose programs are killed spares the proc of other namespaces",
  async (ns) => {
    const other = new TestNamespace();
    try {
      await other.init();
      await other.must("run", "a", "sleep", "1000");
      const programs = await programsOf(ns);
      assert(programs.length > 5, `${programs}`);
      // Always those by which it might list the other namespaces.
      const some = steps(programs.length, 4).map((n) => programs[n - 1] ?? "");
      for (const program of new Set(["/usr/bin/ls", "/usr/bin/find", ...some])) {
        await ns.init();
        const killed = ["-f", "-P", program, ...killing("execve", 1).slice(1)];
        await exec(["strace", ...killed, LANCO, ns.name, "release"], { uid: 0 });
        assert(exists("/run/lanco/proc/self"), program);
        assertEquals(JSON.parse(await other.must("ls", "--json")).tasks.a.processes.length, 1);
        await ns.lancoWith({ uid: 0 }, "release");
        assert(!exists(ns.directory), program);
      }
    } finally {
      await other.remove();
    }
  },
);
