import { assert } from "@std/assert";
import { cgroupTest, exec, KEEPER, LANCO } from "../harness.ts";
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
