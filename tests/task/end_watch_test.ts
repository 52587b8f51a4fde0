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
