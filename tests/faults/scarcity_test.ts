import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  identity,
  LANCO,
  OWNER,
  type TestNamespace,
} from "../harness.ts";
import { Scene } from "./fault.ts";

/** How the runtime ends that has no thread, or no descriptor, before there is any lanĉo. */
const BROKEN = [101, 133, 134];

/** With so little of something, all is said truly or not at all, and nothing is half done. */
async function isSoundWith(
  ns: TestNamespace,
  scene: Scene,
  what: string,
  lanco: (...args: string[]) => ReturnType<typeof exec>,
): Promise<void> {
  for (const args of [["check", "other"], ["ls"], ["status", "other"]]) {
    const { code } = await lanco(...args);
    // What cannot be found out is not known: that is never 3.
    assert([0, 1, ...BROKEN].includes(code), `${what}: ${args.join(" ")}: ${code}`);
  }
  const { code, stderr } = await lanco("run", "a", "sleep", "1000");
  if (code === 1) assertMatch(stderr, /^[^\n]*\[ERROR\/run\] [^\n]*\n$/, what);
  else assert([0, ...BROKEN].includes(code), `${what}: run: ${code} ${stderr}`);
  await scene.isSound("a", what);
  await ns.must("run", "b", "sleep", "1000");
  const stop = await lanco("stop", "--now", "b");
  assert([0, 1, ...BROKEN].includes(stop.code), `${what}: stop: ${stop.code} ${stop.stderr}`);
  if (stop.code === 0) assertEquals(await scene.ask("check", "b"), 3, what);
  else await ns.must("stop", "--now", "b");
}

cgroupTest("with few descriptors, all is true and nothing half done", async (ns) => {
  const scene = await Scene.open(ns);
  for (let limit = 6; limit <= 30; limit += 2) {
    const words = ["prlimit", `--nofile=${limit}`, LANCO, ns.name];
    await isSoundWith(ns, scene, `${limit} descriptors`, (...args) => exec([...words, ...args]));
  }
  await scene.close();
});

const PIDS = "/sys/fs/cgroup/pids";

// Where the caller can be limited so: in a cgroup of v1.
if (exists(PIDS)) {
  cgroupTest("with few processes, all is true and nothing half done", async (ns) => {
    const scene = await Scene.open(ns);
    const cgroup = `${PIDS}/lanco-test-${ns.name}`;
    const line = `echo $$ >${cgroup}/cgroup.procs && exec setpriv "$@"`;
    Deno.mkdirSync(cgroup);
    try {
      for (let limit = 2; limit <= 16; limit++) {
        Deno.writeTextFileSync(`${cgroup}/pids.max`, String(limit));
        const words = ["sh", "-c", line, "sh", ...identity(OWNER), LANCO, ns.name];
        await isSoundWith(
          ns,
          scene,
          `${limit} processes`,
          (...args) => exec([...words, ...args], { uid: 0 }),
        );
      }
    } finally {
      Deno.removeSync(cgroup);
    }
    await scene.close();
  });
}

for (const [what, options] of [["bytes", "size=16k"], ["inodes", "nr_inodes=6"]] as const) {
  cgroupTest(`with no ${what} left for records, tasks are seen and stopped`, async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const runs = `${ns.directory}/runs`;
    const mount = ["mount", "-t", "tmpfs", "-o", `${options},mode=777`, "none", runs];
    assertEquals((await exec(mount, { uid: 0 })).code, 0);
    try {
      // Names that are no tasks': those would make way.
      const fill = `cd ${runs}; for i in 1 2 3 4 5 6 7 8 9; do head -c 4096 /dev/zero >.f$i; done`;
      await exec(["sh", "-c", fill]);
      await ns.must("check", "a");
      assertMatch(await ns.must("ls"), / ├ a\n/);
      const { code, stderr } = await ns.lanco("run", "b", "sleep", "1000");
      assertEquals(code, 1);
      assertMatch(stderr, /^[^\n]*cannot write down what is run: No space left on device[^\n]*\n$/);
      assertEquals((await ns.lanco("check", "b")).code, 3);
      await ns.must("stop", "a");
      assertEquals((await ns.lanco("check", "a")).code, 3);
      assertEquals(ns.traces().filter((path) => path.includes("/named/")), []);
    } finally {
      await exec(["umount", runs], { uid: 0 });
    }
  });
}
