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

/** What was answered with so little of something. */
interface Answered {
  looks: number[];
  run: number;
  stop: number;
}

/** With so little of something, all is said truly or not at all, and nothing is half done. */
async function isSoundWith(
  ns: TestNamespace,
  scene: Scene,
  { what, why }: { what: string; why: RegExp },
  lanco: (...args: string[]) => ReturnType<typeof exec>,
): Promise<Answered> {
  const looks: number[] = [];
  for (const args of [["check", "other"], ["ls"], ["status", "other"]]) {
    const { code } = await lanco(...args);
    // What cannot be found out is not known: that is never 3.
    assert([0, 1, ...BROKEN].includes(code), `${what}: ${args.join(" ")}: ${code}`);
    looks.push(code);
  }
  const { code: run, stderr } = await lanco("run", "a", "sleep", "1000");
  if (run === 1) {
    assertMatch(stderr, /^[^\n]*\[ERROR\/run\] [^\n]*\n$/, what);
    assertMatch(stderr, why, what);
  } else assert([0, ...BROKEN].includes(run), `${what}: run: ${run} ${stderr}`);
  if (run === 0) assert(scene.runs("a"), what);
  await scene.isSound("a", what);
  await ns.must("run", "b", "sleep", "1000");
  const { code: stop, stderr: said } = await lanco("stop", "--now", "b");
  assert([0, 1, ...BROKEN].includes(stop), `${what}: stop: ${stop} ${said}`);
  if (stop === 0) assertEquals(await scene.ask("check", "b"), 3, what);
  else await ns.must("stop", "--now", "b");
  return { looks, run, stop };
}

/** Of ever more of something too little is too little for all, and what is enough stays so. */
function assertSuffices(answers: readonly Answered[]): void {
  const all = JSON.stringify(answers);
  const statuses = ({ looks, run, stop }: Answered) => [...looks, run, stop];
  const [first, last] = [answers.at(0), answers.at(-1)];
  assert(first && statuses(first).every((status) => BROKEN.includes(status)), all);
  assert(last && statuses(last).every((status) => status === 0), all);
  for (const i of statuses(first).keys()) {
    const each = answers.map((answered) => statuses(answered)[i]);
    assert(each.slice(each.indexOf(0)).every((status) => status === 0), all);
  }
  // Not only lived through or not: what has too little to launch, but enough to speak, says why.
  assert(answers.some(({ run }) => run === 1), all);
  // Who looks needs less than who launches.
  assert(answers.some(({ looks, run }) => run !== 0 && looks.every((look) => look === 0)), all);
}

cgroupTest("with few descriptors, all is true and nothing half done", async (ns) => {
  const scene = await Scene.open(ns);
  const answers: Answered[] = [];
  for (let limit = 6; limit <= 30; limit += 2) {
    const words = ["prlimit", `--nofile=${limit}`, LANCO, ns.name];
    const of = {
      what: `${limit} descriptors`,
      why: new RegExp(`RLIMIT_NOFILE, "ulimit -n"\\) is ${limit}: raise it`),
    };
    answers.push(await isSoundWith(ns, scene, of, (...args) => exec([...words, ...args])));
  }
  assertSuffices(answers);
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
    const answers: Answered[] = [];
    try {
      for (let limit = 2; limit <= 16; limit++) {
        Deno.writeTextFileSync(`${cgroup}/pids.max`, String(limit));
        const words = ["sh", "-c", line, "sh", ...identity(OWNER), LANCO, ns.name];
        const of = {
          what: `${limit} processes`,
          why:
            /no more processes may be started: .*\(RLIMIT_NPROC, "ulimit -u"\) is .*\(pids\.max\)/,
        };
        answers.push(
          await isSoundWith(ns, scene, of, (...args) => exec([...words, ...args], { uid: 0 })),
        );
      }
    } finally {
      Deno.removeSync(cgroup);
    }
    assertSuffices(answers);
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
      assertMatch(
        stderr,
        /^[^\n]*cannot write the record of the run: No space left on device[^\n]*\n$/,
      );
      assertEquals((await ns.lanco("check", "b")).code, 3);
      await ns.must("stop", "a");
      assertEquals((await ns.lanco("check", "a")).code, 3);
      assertEquals(ns.traces().filter((path) => path.includes("/named/")), []);
    } finally {
      await exec(["umount", runs], { uid: 0 });
    }
  });
}
