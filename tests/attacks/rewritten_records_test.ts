import { assert, assertEquals } from "@std/assert";
import { openBatch } from "../batch.ts";
import { cgroupTest, exec, exists, LANCO, type TestNamespace, until } from "../harness.ts";
import { startPython } from "./python.ts";

/** Variables that no shell hands on, and those by which lanco itself hands such ones on. */
const ODD = {
  "a.b": "odd\n",
  lanco_restore: "touch evil",
  lanco_odd_0: "$(touch evil)",
  lanco_odd_9: "`touch evil`",
  lanco_env: "-- touch evil",
  lanco_nl: "'; touch evil; '",
  lanco_text: "touch evil",
};

/** Prints the variables that it has got. */
const PRINT = ["/usr/bin/python3", "-c", "import json, os; print(json.dumps(dict(os.environ)))"];

/** Launches tasks while a process of the owner rewrites all that lies among the records. */
async function underAttack(
  ns: TestNamespace,
  launch: (round: number) => Promise<unknown>,
): Promise<void> {
  const [evil, found] = [`${ns.scratch}/evil`, `${ns.scratch}/found`];
  const writer = startPython("rewrite.py", [`${ns.directory}/runs`, evil, found]);
  try {
    const rewritten = () => exists(found) ? Deno.readTextFileSync(found).split("\n").length - 1 : 0;
    for (let round = 0; round < 8 || rewritten() < 10; round++) await launch(round);
  } finally {
    await writer.stop();
  }
  assert(!exists(evil), "what was written there has been executed");
}

cgroupTest("nothing that is written among the records is executed by run", async (ns) => {
  await underAttack(ns, async (round) => {
    const env = Object.entries(ODD).map(([name, value]) => `${name}=${value}`);
    const run = [LANCO, ns.name, "run", "-c", "true"];
    await exec(["env", ...env, ...run, `t${round}`, "true"]);
    await exec(["env", ...env, LANCO, ns.name, "run", "-f", `f${round}`, "true"]);
  });
  await ns.must("run", "last", "true");
});

cgroupTest("nothing that is written among the records is executed by a batch", async (ns) => {
  const batch = openBatch(ns);
  let asked = 0;
  await underAttack(ns, async (round) => {
    const tasks = Array.from({ length: 10 }, (_, i) => `t${round}-${i}`);
    await batch.say(...tasks.map((task) => ({ command: "run", args: [task, "true"], env: ODD })));
    asked += tasks.length;
    await until("all are answered", () => batch.count() === asked);
  });
  assertEquals((await batch.end()).code, 0);
});

cgroupTest("variables that are called like lanco's own are handed on, and no more", async (ns) => {
  const evil = `${ns.scratch}/evil`;
  const env = Object.fromEntries(
    Object.entries(ODD).map(([name, value]) => [name, value.replace("evil", evil)]),
  );
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const run = ["run", "-c", "true", "alone", ...PRINT];
  const { code, stderr } = await exec(["env", ...words, LANCO, ns.name, ...run]);
  assertEquals([code, stderr], [0, ""]);
  const batch = openBatch(ns);
  await batch.say({ command: "run", args: ["forked", ...PRINT], env });
  await until("it is answered", () => batch.count() === 1);
  assertEquals((await batch.end()).code, 0);
  for (const task of ["alone", "forked"]) {
    await ns.gone(task);
    const got: Record<string, string> = JSON.parse(ns.log(task));
    const own = Object.entries(got).filter(([name]) => name in env || name.startsWith("lanco_"));
    assertEquals(Object.fromEntries(own), env);
  }
  assert(!exists(evil));
});
