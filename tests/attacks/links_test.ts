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
          /cannot (write to|rotate) the log ".*": (it is a symbolic link|another file was)/;
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
const WHY =
  /another file was laid in|cannot make FIFOs in|Requires read access|was killed before its start/;

for (const [name, options] of [["ended", []], ["uptime", []], ["said", ["-f"]]] as const) {
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

cgroupTest("nothing is written through a link in the place of the journal", async (ns) => {
  const victim = victimOf(ns);
  const made = `${ns.scratch}/made`;
  const journal = `${ns.directory}/runs/.journal`;
  for (const target of [victim, made]) {
    await shell(`rm -f ${journal}; ln -s ${target} ${journal}`);
    await ns.must("run", "a", "sleep", "1000");
    await ns.must("pause", "a");
    await ns.must("stop", "--now", "a");
    await ns.gone("a");
  }
  await shell(`rm ${journal}`);
  assert(!exists(made));
  assertEquals(Deno.readTextFileSync(victim), PRECIOUS);
  await ns.must("run", "a", "true");
  assertMatch(Deno.readTextFileSync(journal), /"start"/);
});

cgroupTest("a run that is given up empties nothing that a link leads to", async (ns) => {
  const victim = victimOf(ns);
  const attacker = startPython("lay_links.py", [`${ns.directory}/runs`, victim, ".void"]);
  try {
    // The agent never comes.
    Deno.writeTextFileSync(`${ns.agent}.new`, "#!/bin/sh\n", { mode: 0o755 });
    Deno.renameSync(`${ns.agent}.new`, ns.agent);
    const run = start([LANCO, ns.name, "run", "a", "true"]);
    await until("the link is laid", () => links(ns).length > 0);
    await until("it is registered", () => ns.pids("named/task-a").length === 2);
    run.kill("SIGKILL");
    await run.status;
    await until("all have given up", () => ns.pids("named/task-a").length === 0);
  } finally {
    await attacker.stop();
  }
  assertEquals(Deno.readTextFileSync(victim), PRECIOUS);
});

function links(ns: TestNamespace): string[] {
  return [...Deno.readDirSync(`${ns.directory}/runs`)].filter(({ isSymlink }) => isSymlink)
    .map(({ name }) => name);
}

cgroupTest("the FIFOs of run -f are for the owner alone", async (ns) => {
  const run = start([LANCO, ns.name, "run", "-f", "a", "sleep", "1000"]);
  for (const name of ["go", "said"]) {
    const fifo = `${ns.directory}/runs/a/${name}`;
    await until("it is there", () => exists(fifo));
    assertEquals((Deno.statSync(fifo).mode ?? 0) & 0o777, 0o600);
  }
  await ns.must("stop", "--now", "a");
  await run.status;
});
