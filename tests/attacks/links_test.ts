/** What lies where lanĉo writes, and leads to what another sandbox of the same user may not write. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  LANCO,
  OWNER,
  OWNER_GROUP,
  shell,
  start,
  type TestNamespace,
  until,
} from "../harness.ts";
import { startPython } from "./python.ts";

const PRECIOUS = "what only the owner's other processes may write\n";

/** A file of the owner's that must stay as it is. */
function victimOf(ns: TestNamespace): string {
  const victim = `${ns.scratch}/victim`;
  Deno.writeTextFileSync(victim, PRECIOUS);
  Deno.chownSync(victim, OWNER, OWNER_GROUP);
  return victim;
}

cgroupTest("a log that is a link is refused, wherever it leads", async (ns) => {
  const victim = victimOf(ns);
  const made = `${ns.scratch}/made`;
  for (const log of [`${ns.logs}/task-a.log`, `${ns.scratch}/a.log`]) {
    for (const target of [victim, made, "/dev/null", `${ns.scratch}/a.log`]) {
      await shell(`rm -f ${log}*; ln -s ${target} ${log}`);
      const { code, stderr } = await ns.lanco("run", "-l", log, "a", "echo", "written");
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /the log ".*": it is a symbolic link: .*-l/);
      assert(!exists(made));
      assertEquals(Deno.readLinkSync(log), target);
    }
    await shell(`rm ${log}`);
  }
  assertEquals(Deno.readTextFileSync(victim), PRECIOUS);
  // What is no file is written to as ever.
  await ns.must("run", "-l", "/dev/null", "a", "echo", "written");
});

cgroupTest("nothing is written through a link that is laid while a log is opened", async (ns) => {
  const victim = victimOf(ns);
  const made = `${ns.scratch}/made`;
  const log = `${ns.scratch}/a.log`;
  for (const target of [victim, made]) {
    await shell(`rm -f ${log}*`);
    const swapper = startPython("exchange_log.py", [log, target]);
    try {
      for (let round = 0; round < 25; round++) {
        const run = await ns.lanco("run", "--keep", "1", "-l", log, "a", "echo", "written");
        assert(run.code === 0 || run.code === 1, run.stderr);
        const why =
          /cannot (write to|rotate) the log ".*": (it is a symbolic link|another file was|File exists)/;
        assertMatch(run.stderr, run.code === 1 ? why : /^$/);
        await ns.gone("a");
      }
    } finally {
      await swapper.stop();
    }
    assertEquals(exists(made) ? Deno.readTextFileSync(made) : "", "");
  }
  assertEquals(Deno.readTextFileSync(victim), PRECIOUS);
});

/** What a run says into whose record a link was laid. */
const WHY = /another file was put in|cannot make FIFOs in|was killed before/;

for (const [name, options] of [["status", []], ["said", ["-f"]]] as const) {
  cgroupTest(`nothing is written through a link in the place of "${name}"`, async (ns) => {
    const victim = victimOf(ns);
    const attacker = startPython("lay_links.py", [`${ns.directory}/runs`, victim, name]);
    try {
      for (let round = 0; round < 10; round++) {
        const run = ["timeout", "20", LANCO, ns.name, "run", ...options, "a", "sh", "-c", "exit 7"];
        const { code, stderr } = await exec(run);
        // The command's own status is in the foreground the caller's.
        const ran = name === "said" ? 7 : 0;
        assertMatch(stderr, code === ran ? /^$/ : WHY, `${code}`);
        assertEquals([ran, name === "said" ? 125 : 1].includes(code), true, stderr);
        await ns.gone("a");
      }
    } finally {
      await attacker.stop();
    }
    assertEquals(Deno.readTextFileSync(victim), PRECIOUS);
  });
}

cgroupTest("nothing is written through a link in the place of what is on record", async (ns) => {
  const victim = victimOf(ns);
  const made = `${ns.scratch}/made`;
  for (const target of [victim, made]) {
    await ns.must("run", "a", "sleep", "1000");
    const run = ns.runDirectory("a");
    for (const name of ["pauses", "stopped", "no-exit"]) {
      await shell(`ln -s ${target} ${run}/${name}`);
    }
    await ns.must("pause", "a");
    await ns.must("stop", "--now", "a");
    await ns.gone("a");
  }
  assert(!exists(made));
  assertEquals(Deno.readTextFileSync(victim), PRECIOUS);
});

cgroupTest("the FIFOs of run -f are for the owner alone, and gone when it runs", async (ns) => {
  // Its directory is there as long as the shim has said nothing.
  const hold = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=setsid,clone,vfork,fork"];
  const late = [...hold, "-e", "inject=clone,vfork,fork:delay_exit=300000"];
  const run = start([...late, LANCO, ns.name, "run", "-f", "a", "sleep", "1000"]);
  const directory = () => ns.traces().find((path) => path.includes("/runs/.new-"));
  for (const name of ["go", "said"]) {
    await until("it is there", () => exists(`${directory()}/${name}`));
    assertEquals((Deno.statSync(`${directory()}/${name}`).mode ?? 0) & 0o777, 0o600);
  }
  await until("it runs", () => ns.task("a").length === 1 && directory() === undefined);
  await ns.must("stop", "--now", "a");
  await run.status;
});
