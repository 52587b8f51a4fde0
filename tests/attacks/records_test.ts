import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  LANCO,
  OWNER,
  OWNER_NAME,
  type Result,
  shell,
  STRANGER,
  type TestNamespace,
} from "../harness.ts";
import { startPython } from "./python.ts";

/** Runs lanco, which must have answered in ten seconds. */
async function soon(ns: TestNamespace, uid: number, args: string[]): Promise<Result> {
  const result = await exec(["timeout", "10", LANCO, ns.name, ...args], { uid });
  assert(result.code !== 124 && result.code !== 137, `${args.join(" ")} hangs`);
  return result;
}

const VIEWS = [["ls", "-a"], ["dump"], ["metrics"], ["top", "--once"], ["ls", "-a", "--json"]];

/** The id of a run. */
const ID = "01m8k8c4pwc2b1rha7kk9y6fjh";

/** A record that is good but for the changes. */
function record(task: string, changes: Record<string, unknown> = {}): string {
  const good = {
    version: 2,
    task,
    run: ID,
    inode: 1,
    pid: 1,
    command: ["true"],
    directory: "/",
    log: null,
    started: 1,
    limits: {},
    shim: 1,
  };
  return JSON.stringify({ ...good, ...changes });
}

cgroupTest("a record that is not what lanco writes is passed over, with a warning", async (ns) => {
  await ns.must("run", "good", "true");
  await ns.must("run", "runs", "sleep", "1000");
  await ns.gone("good");
  const bad: Record<string, string> = {
    list: "[1]",
    text: '"x"',
    nothing: "",
    null: "null",
    no_json: "{",
    secret: "root:x:0:0:secret",
    newer: record("newer", { version: 3 }),
    limits: record("limits", { limits: { pids: '1\nlanco_up{evil="x"} 1' } }),
    limit: record("limit", { limits: { evil: 1 } }),
    array: record("array", { limits: [] }),
    started: record("started", { started: "soon" }),
    command: record("command", { command: "true" }),
    word: record("word", { command: [1] }),
    shim: record("shim", { shim: -1 }),
    log: record("log", { log: 7 }),
    directory: record("directory", { directory: null }),
    large: record("large", { command: ["x".repeat(2 ** 21)] }),
    deep: `${"[".repeat(100_000)}`,
  };
  const directoryOf = (name: string) => `${ns.directory}/runs/${ID}-${name}`;
  for (const [name, text] of Object.entries(bad)) {
    const directory = directoryOf(name);
    await exec(["mkdir", directory]);
    Deno.writeTextFileSync(`${directory}/run.json`, text);
    await exec(["chown", String(OWNER), `${directory}/run.json`], { uid: 0 });
  }
  await shell(
    `mkdir ${directoryOf("sparse")}; truncate -s 3G ${directoryOf("sparse")}/run.json`,
  );
  const names = [...Object.keys(bad), "sparse"];
  for (const uid of [OWNER, 0]) {
    for (const view of VIEWS) {
      const { code, stdout, stderr } = await soon(ns, uid, view);
      assertEquals(code, 0, `${view.join(" ")}: ${stderr}`);
      assertMatch(stdout, /runs/);
      assert(!/evil/.test(stdout), stdout);
      if (view[0] === "top") continue;
      assertMatch(stdout, /good/);
      for (const name of names) {
        assertMatch(stderr, new RegExp(`WARN.* cannot read the record of task ${name}: `));
      }
      assert(!stderr.includes("secret:x") && !stderr.includes("root:x"), stderr);
    }
    for (const name of names) assertEquals((await soon(ns, uid, ["status", name])).code, 1, name);
  }
});

cgroupTest("a record that is exchanged for a fifo keeps nobody waiting", async (ns) => {
  await ns.must("run", "runs", "sleep", "1000");
  await ns.must("run", "ended", "true");
  await ns.gone("ended");
  const swapper = startPython("swap.py", [`${ns.directory}/runs`, "runs", "ended"]);
  try {
    const end = Date.now() + 5000;
    for (let round = 0; Date.now() < end || round < 3; round++) {
      for (const uid of [0, OWNER]) {
        for (const view of [["status", "runs"], ["status", "ended"], ["wait", "ended"], ...VIEWS]) {
          const { stderr } = await soon(ns, uid, view);
          assert(!/unexpected/.test(stderr), stderr);
        }
      }
    }
  } finally {
    await swapper.stop();
  }
  assertEquals((await ns.lanco("stop", "--now", "runs")).code, 0);
});

cgroupTest(
  "who fills his records keeps nobody else from anything, nor himself from stopping",
  async (ns) => {
    await ns.lancoWith({ uid: 0 }, "init", "-u", OWNER_NAME, "-g", OWNER_NAME, "--records", "2M");
    const other = { uid: 0 };
    await ns.must("run", "a", "sleep", "1000");
    const runs = `${ns.directory}/runs`;
    const filled = await shell(`head -c 10M /dev/zero >${runs}/full; stat -c %s ${runs}/full
    i=0; while printf "" >${runs}/.i$i; do i=$((i + 1)); [ $i -lt 3000 ] || break; done 2>/dev/null; echo $i`);
    const [size, inodes] = filled.stdout.trim().split("\n").map(Number);
    assert(size! <= 2 * 1024 ** 2 && inodes! < 1100, filled.stdout);
    // /run itself has room, and so have others.
    assertEquals((await exec(["sh", "-c", ": >/run/lanco/x && rm /run/lanco/x"], other)).code, 0);
    assertEquals((await ns.lanco("run", "b", "true")).code, 1);
    await ns.must("stop", "a");
    await shell(`rm -f ${runs}/full ${runs}/.i*`);
    // Old records make way for new ones.
    for (let i = 0; i < 4; i++) await ns.must("run", `t${i}`, "true");
    await ns.gone("t3");
    await shell(`head -c 10M /dev/zero >${runs}/full 2>/dev/null`);
    await ns.must("run", "c", "true");
    const { code, stderr } = await ns.lancoWith(
      { uid: 0 },
      "init",
      "-u",
      OWNER_NAME,
      "--records",
      "1k",
    );
    assertEquals(code, 2, stderr);
  },
);

cgroupTest(
  "records are for the owner and the group, and what is secret for the owner alone",
  async (ns) => {
    await ns.lancoWith({ uid: 0 }, "release");
    Deno.removeSync(ns.logs, { recursive: true });
    await ns.lancoWith({ uid: 0 }, "init", "-u", OWNER_NAME, "-g", "adm");
    const env = { "a.b": "secret" };
    const run = ["run", "-c", "true", "a", "sleep", "1000"];
    assertEquals((await ns.lancoWith({ env }, ...run)).code, 0);
    const directory = ns.runDirectory("a");
    const readable = async (who: { uid: number; groups?: number[] }) => {
      const { stdout } = await exec([
        "find",
        ns.directory + "/runs",
        ns.logs,
        "-type",
        "f",
        "-readable",
      ], who);
      return stdout.trim().split("\n").filter(Boolean).map((path) => path.split("/").at(-1)).sort();
    };
    assertEquals(await readable({ uid: STRANGER }), []);
    assertEquals(await readable({ uid: STRANGER, groups: [4] }), [
      directory.split("/").at(-1),
      "run.json",
      "status",
      "task-a.log",
    ]);
    const { code } = await exec(["sh", "-c", `: >${directory}/x`], { uid: STRANGER, groups: [4] });
    assert(code !== 0);
    assertEquals((await ns.lancoWith({ uid: STRANGER, groups: [4] }, "status", "a")).code, 0);
    assertEquals((await ns.lancoWith({ uid: STRANGER }, "status", "a")).code, 6);
  },
);
