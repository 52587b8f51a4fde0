import { assert, assertEquals } from "@std/assert";
import { openBatch } from "../batch.ts";
import { cgroupTest, exec, until } from "../harness.ts";

cgroupTest(
  "a batch that has waited for many tasks looks at a change as often as a new batch",
  async (ns) => {
    const { batch, ask, end } = openBatch(ns);
    for (let i = 0; i < 60; i++) {
      assertEquals((await ask("run", "--keep", "0", "a", "true")).exitStatus, 0);
      assertEquals((await ask("wait", "a")).exitStatus, 0);
    }
    await ns.gone("a");
    // setpriv(1) has become lanco.
    const trace = `${ns.scratch}/trace`;
    const words = ["strace", "-f", "-qq", "-e", "trace=statx,openat", "-o", trace];
    const tracing = exec([...words, "-p", String(batch.pid)], { uid: 0 });
    await until("it is traced", () => {
      const status = Deno.readTextFileSync(`/proc/${batch.pid}/status`);
      return !/^TracerPid:\s+0$/m.test(status);
    });
    const cgroup = `${ns.directory}/named/new-seen`;
    await exec(["mkdir", cgroup]);
    await exec(["rmdir", cgroup]);
    assertEquals((await ask("check", "a")).exitStatus, 3);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assertEquals((await end()).code, 0);
    await tracing;
    const looks = Deno.readTextFileSync(trace).split("\n").filter((line) =>
      line.includes("new-seen")
    );
    assert(looks.length < 30, `${looks.length} looks`);
  },
);

cgroupTest(
  "a batch in which more than a hundred wait goes on while root hides the registered cgroups",
  async (ns) => {
    const { ask, count, say, end } = openBatch(ns);
    assertEquals((await ask("run", "a", "sleep", "1000")).exitStatus, 0);
    const begun = count();
    const waits = Array.from({ length: 150 }, (_, id) => ({ id, command: "wait", args: ["a"] }));
    await say(...waits);
    // With so many, a look a second is for registered cgroups that have changed.
    const looks = () => new Promise((resolve) => setTimeout(resolve, 1500));
    await looks();
    const named = `${ns.directory}/named`;
    const { uid, gid } = Deno.statSync(named);
    const hidden = `chown 0:0 ${named} && chmod 700 ${named}`;
    assertEquals((await exec(["sh", "-c", hidden], { uid: 0 })).code, 0);
    await looks();
    const shown = `chmod 755 ${named} && chown ${uid}:${gid} ${named}`;
    assertEquals((await exec(["sh", "-c", shown], { uid: 0 })).code, 0);
    assertEquals((await ask("check", "a")).exitStatus, 0);
    assertEquals((await ask("stop", "--now", "a")).exitStatus, 0);
    await until("all are answered", () => count() === begun + 152);
    assertEquals((await end()).code, 0);
  },
);
