import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, LANCO, until } from "../harness.ts";
import { openBatch } from "../batch.ts";
import { startPython } from "./python.ts";

cgroupTest(
  "what shells drop of an environment is in nobody's arguments, at no moment",
  async (ns) => {
    const secret = `s3cr3t-${crypto.randomUUID()}`;
    const found = `${ns.scratch}/found`;
    // The pattern is not in its own arguments.
    const watcher = startPython("watch_arguments.py", [secret.slice(0, 20), found], 0);
    const env = ["/usr/bin/env", "-i", `spring.datasource.password=${secret}`, `IFS=${secret}`];
    for (let i = 0; i < 12; i++) {
      const { code, stderr } = await exec([
        ...env,
        ...["PATH=/usr/bin:/bin", LANCO, ns.name, "run", "-c", `true ${secret.slice(20)}`, `t${i}`],
        ...["/bin/sh", "-c", "exec /bin/cat /proc/$PPID/environ /proc/self/environ; sleep 1"],
      ]);
      assertEquals([code, stderr], [0, ""]);
    }
    // Some are forked, and some are too large for that.
    const batch = openBatch(ns);
    for (let i = 0; i < 12; i++) {
      const more = i % 4 === 0 ? { LARGE: secret.repeat(200) } : {};
      const given = { "a.b": secret, IFS: secret, PLAIN: secret, ...more };
      await batch.say({ command: "run", args: [`b${i}`, "true"], env: given });
    }
    await until("all are answered", () => batch.count() === 12);
    assertEquals((await batch.end()).code, 0);
    assertEquals(batch.answers().filter(({ exitStatus }) => exitStatus !== 0), []);
    await exec([...env, LANCO, ns.name, "run", "whole", "/bin/cat", "/proc/self/environ"]);
    await until("it has them", () => ns.log("whole").includes(`IFS=${secret}\0`));
    assert(ns.log("whole").includes(`spring.datasource.password=${secret}\0`));
    await watcher.stop();
    assertEquals(Deno.readTextFileSync(found), "watched\n");
    for (const { name } of Deno.readDirSync(ns.runDirectory("whole"))) {
      assert(name !== "environment");
    }
  },
);
