import { assertEquals, assertMatch } from "@std/assert";
import { makeRunId } from "../../src/task/run_id.ts";
import {
  cgroupTest,
  exec,
  exists,
  shell,
  start,
  STRANGER,
  type TestNamespace,
} from "../harness.ts";
import { OTHER_BOOT } from "../reboot.ts";

/** Leaves marks of runs of an earlier boot, with what is in them; returns their names. */
async function leave(ns: TestNamespace, tasks: Record<string, string>): Promise<string[]> {
  const names: string[] = [];
  for (const [task, text] of Object.entries(tasks)) {
    const run = makeRunId(OTHER_BOOT, "", 1000 * (names.length + 1));
    await exec([
      "sh",
      "-c",
      'printf "$1" >"$2"',
      "sh",
      text.replace("ID", run),
      `${ns.logs}/.runs/${run}-${task}`,
    ]);
    names.push(`${run}-${task}`);
  }
  return names;
}

const marks = (ns: TestNamespace) =>
  [...Deno.readDirSync(`${ns.logs}/.runs`)].map(({ name }) => name).sort();

cgroupTest("a mark on disk says of a run that it has begun, and that it has ended", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const file = `${ns.logs}/.runs/${ns.record("a").run}-a`;
  assertEquals(Deno.readTextFileSync(file), `${ns.record("a").run}\n`);
  await ns.must("stop", "a");
  assertEquals(Deno.readTextFileSync(file), `${ns.record("a").run}\nended 143\n`);
  assertEquals((await ns.lanco("run", "b", "nosuch")).code, 127);
  await exec(["sh", "-c", `printf '#!/no/such\\n' >${ns.scratch}/x; chmod 755 ${ns.scratch}/x`]);
  assertEquals((await ns.lanco("run", "b", `${ns.scratch}/x`)).code, 127);
  assertEquals(marks(ns).length, 1);
  // One that cannot be made hinders nobody.
  await shell(`rm -r ${ns.logs}/.runs; : >${ns.logs}/.runs`);
  await ns.must("run", "-f", "c", "true");
  await shell(`rm ${ns.logs}/.runs`);
  await ns.must("run", "-f", "c", "true");
  assertEquals(marks(ns).length, 1);
});

cgroupTest("what ran when the host went down is lost, until it runs again", async (ns) => {
  await ns.must("run", "runs", "sleep", "1000");
  const [lost = "", torn = "", ended = "", runs = ""] = await leave(ns, {
    lost: "ID\\n",
    torn: "",
    ended: "ID\\nended 0\\n",
    runs: "ID\\n",
  });
  const status = JSON.parse(await ns.must("status", "--json", "lost"));
  assertEquals([status.state, status.code, status.started], ["lost", null, OTHER_BOOT.at + 1000]);
  assertMatch(await ns.must("status", "torn"), /^torn: lost: the host went down while it ran\n/);
  assertEquals((await ns.lanco("status", "ended")).code, 3);
  assertEquals((await ns.lanco("check", "lost")).code, 3);
  const waited = await ns.lanco("wait", "lost");
  assertEquals(waited.code, 125);
  assertMatch(waited.stderr, /task lost was lost: the host went down while it ran/);
  const { tasks } = JSON.parse(await ns.must("ls", "-a", "--json"));
  assertEquals(Object.keys(tasks), ["lost", "runs", "torn"]);
  assertEquals([tasks.lost.state, tasks.runs.state], ["lost", "running"]);
  const stdout = await ns.firstLines(6, ["events", "--json"]);
  const told = stdout.trim().split("\n").map((line) => JSON.parse(line)).slice(1);
  assertEquals(told.map(({ event, task, run }) => [event, task, run]), [
    ["lost", "lost", lost.slice(0, 26)],
    ["lost", "torn", torn.slice(0, 26)],
    ["lost", "runs", runs.slice(0, 26)],
    ["present", "runs", ns.record("runs").run],
    ["ready", null, null],
  ]);
  // What had ended needs no mark any more.
  assertEquals([exists(`${ns.logs}/.runs/${ended}`), exists(`${ns.logs}/.runs/${lost}`)], [
    false,
    true,
  ]);
  await ns.must("run", "lost", "sh", "-c", "exit 3");
  assertEquals((await ns.lanco("wait", "lost")).code, 3);
  assertEquals(JSON.parse(await ns.must("status", "--json", "lost")).state, "exited");
  assertEquals((await ns.lancoWith({ uid: STRANGER }, "status", "torn")).code, 6);
  assertEquals((await ns.lancoWith({ uid: 0 }, "status", "torn")).code, 0);
});

cgroupTest("no mark is left that could not be written", async (ns) => {
  const directory = `${ns.logs}/.runs`;
  await ns.must("run", "-f", "first", "true");
  const mount = `mount -t tmpfs -o size=4k,nr_inodes=100,mode=777 none ${directory} &&
    head -c 4096 /dev/zero >${directory}/filler`;
  await exec(["sh", "-c", mount], { uid: 0 });
  try {
    await ns.must("run", "a", "true");
    await ns.gone("a");
    assertEquals(marks(ns), ["filler"]);
  } finally {
    await exec(["umount", directory], { uid: 0 });
  }
});

cgroupTest("nothing is written through a link in the place of a mark", async (ns) => {
  const victim = `${ns.scratch}/victim`;
  await shell(`echo precious >${victim}`);
  await ns.must("run", "a", "sleep", "1000");
  const mark = `${ns.logs}/.runs/${marks(ns)[0]}`;
  await shell(`rm ${mark}; ln -s ${victim} ${mark}`);
  await ns.must("stop", "--now", "a");
  assertEquals(Deno.readTextFileSync(victim), "precious\n");
  // Nor does one that is laid before the shim looks get a word.
  await shell(`rm ${mark}`);
  const loop = `while :; do for m in ${ns.logs}/.runs/*-b; do ln -sf ${victim} "$m"; done; done`;
  const attacker = start(["sh", "-c", loop], { stderr: "null" });
  for (let i = 0; i < 10; i++) {
    await ns.must("run", "b", "true");
    await ns.gone("b");
  }
  attacker.kill("SIGKILL");
  await attacker.status;
  assertEquals(Deno.readTextFileSync(victim), "precious\n");
});
