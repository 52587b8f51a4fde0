import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, exists, HAS_CONTROLLERS, KEEPER, LANCO, until } from "../harness.ts";
import { atEach, Scene } from "./fault.ts";

/** The calls by which lanĉo itself changes something; where a file is made, its mode is set next. */
const CHANGES = ["mkdir", "fchmod", "write", "rename", "unlink", "unlinkat", "rmdir", "clone3"];

cgroupTest("run that is killed at any call leaves nothing that is wrong", async (ns) => {
  const scene = await Scene.open(ns);
  const run = (words: string[]) => exec([...words, LANCO, ns.name, "run", "a", "sleep", "1000"]);
  const kills = await atEach(CHANGES, run, (what) => scene.isSound("a", what));
  assert(kills > (KEEPER === "systemd" ? 20 : 40), `${kills} kills`);
  await scene.close();
});

cgroupTest("run -c that is killed at any call leaves nothing that is wrong", async (ns) => {
  const scene = await Scene.open(ns);
  const run = (words: string[]) =>
    exec([...words, LANCO, ns.name, "run", "-c", ":", "a", "sleep", "1000"]);
  const kills = await atEach(["write", "mkdir", "fchmod"], run, (what) => scene.isSound("a", what));
  assert(kills > (KEEPER === "systemd" ? 15 : 30), `${kills} kills`);
  await scene.close();
});

for (const how of [[], ["--now"]]) {
  const name = ["stop", ...how].join(" ");
  cgroupTest(`${name} that is killed at any call leaves nothing that is wrong`, async (ns) => {
    const scene = await Scene.open(ns);
    const run = async (words: string[]) => {
      await scene.ask("run", "a", "sh", "-c", "trap 'exit 3' TERM; sleep 1000 & wait");
      return await exec([...words, LANCO, ns.name, "stop", ...how, "a"]);
    };
    const calls = [...CHANGES, "kill"];
    const kills = await atEach(calls, run, (what) => scene.isSound("a", what));
    assert(kills > 3, `${kills} kills`);
    await scene.close();
  });
}

cgroupTest(
  "pause and resume that are killed at any call leave nothing that is wrong",
  async (ns) => {
    const scene = await Scene.open(ns);
    for (const command of ["pause", "resume"]) {
      const run = async (words: string[]) => {
        await scene.ask("run", "a", "sleep", "1000");
        if (command === "resume") await scene.ask("pause", "a");
        return await exec([...words, LANCO, ns.name, command, "a"]);
      };
      await atEach(["write", "fchmod"], run, (what) => scene.isSound("a", `${command} ${what}`));
    }
    await scene.close();
  },
);

cgroupTest("run --replace that is killed at any call leaves nothing that is wrong", async (ns) => {
  const scene = await Scene.open(ns);
  const run = async (words: string[]) => {
    await scene.ask("run", "a", "sleep", "1000");
    return await exec([...words, LANCO, ns.name, "run", "--replace", "a", "sleep", "1000"]);
  };
  const after = async (what: string) => {
    await scene.settled();
    assertEquals(await scene.ask("run", "--replace", "a", "sleep", "1000"), 0, what);
    await scene.isSound("a", what);
  };
  const kills = await atEach([...CHANGES, "kill"], run, after);
  assert(kills > (KEEPER === "systemd" ? 20 : 40), `${kills} kills`);
  await scene.close();
});

cgroupTest("a run --once that is killed at any call runs at most once", async (ns) => {
  const scene = await Scene.open(ns);
  const ran = `${ns.scratch}/ran`;
  const once = ["run", "--once", "a", "sh", "-c", `echo x >>${ran}; exec sleep 1000`];
  const run = (words: string[]) => exec([...words, LANCO, ns.name, ...once]);
  const begun = { before: 0, anew: 0 };
  const after = async (what: string) => {
    await scene.settled();
    const again = await ns.lanco(...once);
    if (again.code === 0) begun.anew++;
    else {
      assertEquals(again.code, 4, `${what}: ${again.stderr}`);
      begun.before++;
    }
    await until(`it has run after ${what}`, () => exists(ran) && Deno.statSync(ran).size > 0);
    assertEquals(Deno.readTextFileSync(ran), "x\n", what);
    await scene.ask("stop", "--now", "a");
    assertEquals((await ns.lanco(...once)).code, 4, what);
    assertEquals(await scene.ask("forget", "a"), 0, what);
    Deno.removeSync(ran);
    await scene.isSound("a", what);
    assertEquals(await scene.ask("forget", "a"), 0, what);
  };
  const kills = await atEach(CHANGES, run, after);
  assert(kills > (KEEPER === "systemd" ? 20 : 40), `${kills} kills`);
  assert(begun.before > 0 && begun.anew > 0, JSON.stringify(begun));
  await scene.close();
});

cgroupTest("forget that is killed at any call can be completed", async (ns) => {
  const scene = await Scene.open(ns);
  const run = async (words: string[]) => {
    await ns.must("run", "--once", "a", "true");
    await ns.gone("a");
    return await exec([...words, LANCO, ns.name, "forget", "--logs", "a"]);
  };
  const after = async (what: string) => {
    assertEquals(await scene.ask("ls", "-a"), 0, what);
    assert([0, 3].includes(await scene.ask("status", "a")), what);
    // 3, if nothing is left to forget.
    assert([0, 3].includes(await scene.ask("forget", "--logs", "a")), what);
    assertEquals(await scene.ask("status", "a"), 3, what);
    const left = ns.traces().filter((path) => /-a$|task-a/.test(path));
    assertEquals(left, [], what);
  };
  const kills = await atEach([...CHANGES, "openat"], run, after);
  assert(kills > 3, `${kills} kills`);
  await scene.close();
});

if (HAS_CONTROLLERS) {
  cgroupTest(
    "limit that is killed at any call tells the limits in force afterwards",
    async (ns) => {
      const scene = await Scene.open(ns);
      await ns.must("run", "-m", "64M", "a", "sleep", "1000");
      const shown = async () => JSON.parse(await ns.must("limit", "--json", "a")).tasks.a.limits;
      const run = (words: string[]) =>
        exec([...words, LANCO, ns.name, "limit", "a", "--memory", "32M", "--pids", "9"]);
      const after = async (what: string) => {
        const { memory, pids } = await shown();
        assert(
          [32, 64].includes(memory / 2 ** 20) && [9, undefined].includes(pids ?? undefined),
          what,
        );
        await ns.must("limit", "a", "--memory", "64M", "--pids", "max");
        assertEquals(await shown(), { memory: 64 * 2 ** 20 }, what);
        const { limits } = JSON.parse(await ns.must("status", "--json", "a"));
        assertEquals(limits, await shown(), what);
        assertEquals(await scene.ask("check", "a"), 0, what);
      };
      const kills = await atEach(CHANGES, run, after);
      assert(kills > 1, `${kills} kills`);
      await scene.isSound("a", "all");
      await scene.close();
    },
  );
}
