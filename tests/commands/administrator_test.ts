import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseFileSystem } from "../../src/namespace/in_use.ts";
import {
  cgroupTest,
  exec,
  LANCO,
  OWNER_NAME,
  shell,
  STRANGER,
  type TestNamespace,
} from "../harness.ts";

/** Runs a line of shell on a terminal. */
async function onTerminal(line: string, env: Record<string, string> = {}) {
  const { code, stdout } = await exec(["script", "-qec", line, "/dev/null"], {
    env: { TERM: "xterm", ...env },
    clearEnv: true,
  });
  return { code, stdout: stdout.replaceAll("\u001b", "ESC").replaceAll("\r", "CR") };
}

async function json(ns: TestNamespace, ...args: string[]) {
  return JSON.parse((await ns.lanco(...args)).stdout);
}

async function ended(ns: TestNamespace, task: string, line: string): Promise<void> {
  await ns.must("run", task, "sh", "-c", line);
  await ns.gone(task);
}

cgroupTest("ls selects what has failed, and what ran since a time", async (ns) => {
  await ended(ns, "good", "exit 0");
  await ended(ns, "bad", "exit 3");
  await ended(ns, "killed", "kill -9 $$");
  await ns.must("run", "live", "sleep", "1000");
  await ns.must("run", "stopped", "sleep", "1000");
  await ns.must("stop", "stopped");
  const names = async (...args: string[]) =>
    Object.keys((await json(ns, "ls", "--json", ...args)).tasks);
  assertEquals(await names("--failed"), ["bad", "killed"]);
  assertEquals(await names("--failed", "k*"), ["killed"]);
  assertEquals(await names("--since", "1h"), ["bad", "good", "killed", "live", "stopped"]);
  await shell(`touch -d '2 hours ago' ${ns.runDirectory("bad")}/status`);
  assertEquals(await names("--since", "90m"), ["good", "killed", "live", "stopped"]);
  assertEquals(await names("--since", "90m", "--failed"), ["killed"]);
  assertEquals(await names("--since", "90m", "--finished"), ["good", "killed", "stopped"]);
  const { runs } = await json(ns, "ls", "--runs", "--json", "--failed", "--sort", "end");
  assertEquals(runs.map(({ task }: { task: string }) => task), ["killed", "bad"]);
  const tree = await ns.must("ls", "-a", "--sort", "end");
  assertMatch(tree, /├ stopped[^]*├ killed[^]*├ good[^]*├ bad[^]*├ live/);
  const table = (await ns.must("ls", "--table", "-a", "--sort", "start")).trimEnd().split("\n");
  assertEquals(table.map((line) => line.split(/ +/).slice(0, 3).join(" ")), [
    "TASK STATE STATUS",
    "stopped killed SIGTERM",
    "live running -",
    "killed killed SIGKILL",
    "bad exited 3",
    "good exited 0",
  ]);
  assertMatch(await ns.must("ls", "--table"), /^live +running +- +\S+ +\S+ +1 .* sleep 1000$/m);
  for (
    const args of [["--sort", "size"], ["--since", "x"], ["--since", "-1"], ["--runs", "--table"], [
      "--failed",
      "--running",
    ], ["-a", "-h"]]
  ) {
    assertEquals((await ns.lanco("ls", ...args)).code, 2, args.join(" "));
  }
  await ns.must("stop", "--now", "live");
});

cgroupTest("states are in colour on a terminal, unless it is asked for none", async (ns) => {
  await ended(ns, "bad", "exit 3");
  await ended(ns, "good", "exit 0");
  const line = `${LANCO} ${ns.name} status bad; ${LANCO} ${ns.name} ls -a`;
  const coloured = await onTerminal(line);
  assert(coloured.stdout.includes("bad: ESC[31mexited with status 3ESC[0mCR\n"));
  assertMatch(coloured.stdout, /├ badCR\n │ {2}ESC\[31mexited with status 3, .*ESC\[0mCR\n/);
  for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
    const { stdout } = await onTerminal(line, env);
    assertEquals(stdout.includes("ESC"), false);
    assertMatch(stdout, /bad: exited with status 3CR\n/);
  }
  assertEquals((await shell(line)).stdout.includes("\u001b"), false);
});

cgroupTest("what takes longer than a second says on a terminal what it waits for", async (ns) => {
  const deaf = "trap '' TERM; echo deaf; while :; do sleep 0.2; done";
  const start = async () => {
    await ns.must("run", "a", "sh", "-c", deaf);
    await shell(`until grep -q deaf ${ns.logs}/task-a.log; do sleep 0.05; done`);
  };
  await start();
  const wait = await onTerminal(`${LANCO} ${ns.name} wait -t 3 a`);
  assertEquals(wait.code, 124);
  assertMatch(wait.stdout, /CRESC\[Kwaiting for the end of a: for \d s more at most/);
  assert(wait.stdout.endsWith("CRESC[K"), JSON.stringify(wait.stdout));
  const stop = await onTerminal(`${LANCO} ${ns.name} stop -t 3 a`);
  assertEquals(stop.code, 0);
  assertMatch(stop.stdout, /CRESC\[Kstopping a: killed in \d s/);
  await start();
  const dumb = await onTerminal(`${LANCO} ${ns.name} stop -t 3 a`, { TERM: "dumb" });
  assertMatch(dumb.stdout, /^stopping a: killed in \d sCR\n$/);
  await start();
  const piped = await ns.lanco("stop", "-t", "2", "a");
  assertEquals(piped, { code: 0, stdout: "", stderr: "" });
});

cgroupTest("namespaces -l shows what runs in each, and what that uses", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  await ns.must("run", "b", "sh", "-c", "sleep 1000 & wait");
  await ns.must("pause", "a");
  for (const uid of [0, STRANGER]) {
    const { code, stdout, stderr } = await exec([LANCO, "namespaces", "--json"], { uid });
    assertEquals([code, stderr], [0, ""]);
    const own = JSON.parse(stdout).namespaces.find(
      ({ namespace }: { namespace: string }) => namespace === ns.name,
    );
    assertEquals([own.owner, own.group, own.tasks, own.processes, own.limits, own.why], [
      OWNER_NAME,
      OWNER_NAME,
      2,
      5,
      {},
      null,
    ]);
    assert(own.records.size === 32 * 2 ** 20 && own.records.used > 0 && own.records.filesUsed > 4);
    assert(own.logs.size > own.logs.used && own.logs.used > 0);
  }
  const table = (await exec([LANCO, "namespaces", "-l"])).stdout;
  assertMatch(
    table,
    /^NAMESPACE +OWNER +GROUP +KEEPER +TASKS +PROCS +CPU +MEMORY +RECORDS +LOGS +LIMITS$/m,
  );
  assertMatch(
    table,
    new RegExp(`^${ns.name} +${OWNER_NAME} +${OWNER_NAME} +\\w+ +2 +5 .*\\d% +\\d+%  -$`, "m"),
  );
  await ns.must("stop", "--now", "--all");
});

cgroupTest("namespaces -l shows the limits of each", async (ns) => {
  await ns.init("--pids", "500", "--memory", "1G");
  assertMatch(
    (await exec([LANCO, "namespaces", "-l"])).stdout,
    new RegExp(`^${ns.name} .* --memory 1073741824 --pids 500$`, "m"),
  );
});

Deno.test("parseFileSystem() reads the counters that stat(1) prints, and nothing else", () => {
  assertEquals(parseFileSystem("4096 100 40 1000 10\n"), {
    size: 409600,
    used: 245760,
    files: 1000,
    filesUsed: 990,
  });
  for (const text of ["", "4096 100 40 1000", "x 1 2 3 4", "1 2 3 4 5 6", "-1 1 1 1 1"]) {
    assertEquals(parseFileSystem(text), null);
  }
});
