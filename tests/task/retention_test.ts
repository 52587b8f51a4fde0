import { assert, assertEquals } from "@std/assert";
import { forget, forgettable } from "../../src/task/retention.ts";
import { cgroupTest, exec, until } from "../harness.ts";
import { before } from "./before.ts";

Deno.test("forgettable() are all but the newest", () => {
  const runs = [3, 1, 5, 2].map((written) => ({ name: `t${written}`, written, inode: 1 }));
  assertEquals(forgettable(runs, 2).map(({ name }) => name), ["t2", "t1"]);
  assertEquals(forgettable(runs, 4), []);
});

cgroupTest("the newest 1000 finished runs are remembered, and those that go on", async (ns) => {
  await ns.must("run", "oldest", "sleep", "1000");
  // As many finished ones of before, each a minute older than the next.
  const fill = `cd "$1" && i=1; while [ $i -le 1100 ]; do mkdir old$i; i=$((i + 1)); done
    i=1; while [ $i -le 1100 ]; do touch -d "$((1200 - i)) minutes ago" old$i; i=$((i + 1)); done`;
  await exec(["sh", "-c", fill, "sh", `${ns.directory}/runs`]);
  await exec([
    "sh",
    "-c",
    `cd "$1" && i=1; while [ $i -le 1100 ]; do : >u$i; i=$((i + 1)); done`,
    "sh",
    `${ns.directory}/usage`,
  ], { uid: 0 });
  await exec(["touch", "-d", "2000 minutes ago", `${ns.directory}/runs/oldest`]);
  // And what runs that were killed had begun, with nobody in it.
  const begun = `cd "$1" && mkdir -p new-x exit-1-x enter-x/task-x bell-x/x &&
    touch -d '1 hour ago' new-x exit-1-x enter-x bell-x && mkdir enter-young`;
  await exec(["sh", "-c", begun, "sh", `${ns.directory}/named`]);
  await ns.must("run", "new", "true");
  await ns.gone("new");
  const names = (directory: string) =>
    [...Deno.readDirSync(`${ns.directory}/${directory}`)].map(({ name }) => name);
  const runs = names("runs");
  assertEquals(runs.includes("oldest") && runs.includes("new") && runs.includes("old1100"), true);
  assertEquals(runs.includes("old1"), false);
  assertEquals(runs.length <= 1002, true);
  const left = names("named").filter((name) => /^(new|exit|enter|bell)-/.test(name));
  assertEquals(left, ["enter-young"]);
  await until("the counters are as many", () => names("usage").length <= 1001);
  assertEquals(names("usage").includes("new"), true);
});

cgroupTest("a run that ends while those before it are forgotten is remembered", async (ns) => {
  const found = async () => {
    await ns.must("run", "a", "true");
    await ns.gone("a");
    const { ino: inode } = Deno.statSync(`${ns.directory}/runs/a`);
    return [{ name: "a", written: 0, inode }];
  };
  const earlier = await found();
  const now = await found();
  {
    // Not even for a moment: who looked in it would find no record.
    using _ = before(Deno, "renameSync", () => assert(false, "it was moved"));
    forget(ns.name, earlier);
  }
  assertEquals((await ns.lanco("wait", "a")).code, 0);
  forget(ns.name, now);
  assertEquals((await ns.lanco("wait", "a")).code, 125);
  assertEquals([...Deno.readDirSync(`${ns.directory}/runs`)].filter((e) => e.isDirectory), []);
});

cgroupTest("a run that takes the name in the moment of forgetting is remembered", async (ns) => {
  const runs = `${ns.directory}/runs`;
  await ns.must("run", "a", "true");
  await ns.gone("a");
  const { ino: inode } = Deno.statSync(`${runs}/a`);
  const isAside = (_: unknown, aside: unknown) => String(aside).startsWith(`${runs}/.old-`);
  const next = (name: string) => {
    Deno.removeSync(`${runs}/a`, { recursive: true });
    Deno.mkdirSync(`${runs}/a`);
    Deno.writeTextFileSync(`${runs}/a/${name}`, "");
  };
  {
    using _ = before(Deno, "renameSync", () => next("second"), isAside);
    forget(ns.name, [{ name: "a", written: 0, inode }]);
  }
  assertEquals([...Deno.readDirSync(`${runs}/a`)].map(({ name }) => name), ["second"]);
  // Where a third is there when the second is put back, that one is the last.
  {
    const back = () => {
      Deno.mkdirSync(`${runs}/a`);
      Deno.writeTextFileSync(`${runs}/a/fourth`, "");
    };
    using _ = before(Deno, "renameSync", () => {
      next("third");
      before(Deno, "renameSync", back, (aside) => isAside("", aside));
    }, isAside);
    forget(ns.name, [{ name: "a", written: 0, inode: Deno.statSync(`${runs}/a`).ino }]);
  }
  assertEquals([...Deno.readDirSync(`${runs}/a`)].map(({ name }) => name), ["fourth"]);
  const left = [...Deno.readDirSync(runs)].filter(({ name }) => name.startsWith(".old-"));
  assertEquals(left, []);
});
