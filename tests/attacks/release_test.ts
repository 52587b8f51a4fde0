import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  identity,
  KEEPER,
  LANCO,
  OWNER,
  STRANGER,
  type TestNamespace,
  until,
} from "../harness.ts";
import { startPython } from "./python.ts";

/** Lists the mounts, hierarchies, cgroups and directories of a namespace. */
function remains(ns: TestNamespace): string[] {
  const files = ["/proc/self/mountinfo", "/proc/self/cgroup"].flatMap((file) =>
    Deno.readTextFileSync(file).split("\n")
  );
  const roots = [...Deno.readDirSync("/sys/fs/cgroup")].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `/sys/fs/cgroup/${name}`);
  return [
    ...files.filter((line) => line.includes(ns.name)),
    ...[
      ...roots.flatMap((root) => ["", ".service"].map((end) => `${root}/lanco-${ns.name}${end}`)),
      `/run/systemd/system/lanco-${ns.name}.service`,
      ns.directory,
      `/var/lib/lanco/${ns.name}`,
    ]
      .filter(exists),
    ...[`/run/lanco/.lock-${ns.name}`].filter(exists),
  ];
}

/** Starts a process that executes a line of shell, and then waits until it is stopped. */
async function lingering(uid: number, line: string, ready: string): Promise<() => Promise<void>> {
  const process = new Deno.Command("setpriv", {
    args: [...identity(uid), "bash", "-c", `${line}; echo >${ready}; exec -a lingers sleep 1000`],
    cwd: "/",
  }).spawn();
  await until("the process waits", () => exists(ready));
  Deno.removeSync(ready);
  return async () => {
    process.kill("SIGKILL");
    await process.status;
  };
}

const release = (ns: TestNamespace) => exec([LANCO, ns.name, "release"], { uid: 0 });

cgroupTest(
  "a stranger's process that uses a namespace does not keep it from being released",
  async (ns) => {
    const places = [
      `cd ${ns.directory}/named`,
      `cd ${ns.directory}/unified`,
      `exec 7<${ns.directory}/memory/cgroup.procs`,
      `cd ${ns.directory}/usage`,
    ];
    // There is one hierarchy alone where systemd keeps it.
    const there = places.filter((line) => KEEPER === "named" || !line.includes("/memory/"));
    for (const line of there) {
      const leave = await lingering(STRANGER, line, `/tmp/lingers-${ns.name}`);
      try {
        const { code, stderr } = await release(ns);
        assertEquals(code, 0, stderr);
        if (!/usage/.test(line)) assertMatch(stderr, /WARN.* is still used by process \d+/);
        assert(!exists(ns.directory), line);
        // The namespace can be made again while that process is still there.
        await ns.init();
        await ns.must("run", "a", "true");
        await ns.gone("a");
      } finally {
        await leave();
      }
      assertEquals((await release(ns)).code, 0);
      await until("nothing is left", () => remains(ns).length === 0);
      await ns.init();
    }
  },
);

cgroupTest(
  "an owner who makes and enters cgroups meanwhile cannot keep half a namespace",
  async (ns) => {
    const builder = startPython("build.py", [ns.directory]);
    try {
      for (let round = 0; round < 10; round++) {
        const { code, stderr } = await release(ns);
        assert([0, 4].includes(code), `${code} ${stderr}`);
        if (code === 4) assertMatch(stderr, /is in use, by \d+ \w+/);
        // Whether released or not, init makes the namespace complete.
        await ns.init();
      }
    } finally {
      await builder.stop();
    }
    await until("the namespace is released", async () => (await release(ns)).code === 0);
    await until("nothing is left", () => remains(ns).length === 0);
  },
);

cgroupTest("a release that was killed at any moment is completed by the next", async (ns) => {
  for (let round = 0; round < 30; round++) {
    await ns.must("run", "a", "true");
    await ns.gone("a");
    const first = new Deno.Command("setsid", {
      args: [LANCO, ns.name, "release"],
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await new Promise((resolve) => setTimeout(resolve, 30 + (round * 7) % 220));
    // The shell that it has started is killed, too.
    await exec(["sh", "-c", `kill -9 -${first.pid}`], { uid: 0 });
    await first.status;
    if (round % 2 === 0) {
      const { code, stderr } = await release(ns);
      assert([0, 5].includes(code), `${round}: ${code} ${stderr}`);
      // The kernel frees a hierarchy once no process uses it any more.
      const isClean = () => remains(ns).every((line) => line.includes(".lock-"));
      await until(`nothing is left of round ${round}`, isClean);
    }
    await ns.init();
  }
});

cgroupTest("a release that an exit command prevents names that command's task", async (ns) => {
  const mark = `${ns.scratch}/mark`;
  await ns.must("run", "-c", `: >${mark}; exec sleep 1000`, "a", "true");
  await until("the exit command runs", () => exists(mark));
  await ns.gone("a");
  const { code, stderr } = await release(ns);
  assertEquals(code, 4);
  assertMatch(stderr, /namespace .* is in use, by (\d+ sh, )?\d+ sleep: /);
  const pid = Number(/(\d+) sleep/.exec(stderr)?.[1]);
  assertMatch(Deno.readTextFileSync(`/proc/${pid}/status`), new RegExp(`^Uid:\\s${OWNER}\\s`, "m"));
  Deno.kill(pid, "SIGKILL");
  await until("it is released", async () => (await release(ns)).code === 0);
});

cgroupTest("root's own namespace leaves nothing", async (ns) => {
  assertEquals((await release(ns)).code, 0);
  Deno.removeSync(ns.logs, { recursive: true });
  const root = (...args: string[]) => exec([LANCO, ns.name, ...args], { uid: 0 });
  assertEquals((await root("init")).code, 0);
  const mark = `${ns.scratch}/mark`;
  assertEquals((await root("run", "-c", `id -u >${mark}`, "a", "sleep", "1000")).code, 0);
  assertEquals((await root("stop", "a")).code, 0);
  await until("it has run", () => exists(mark) && Deno.readTextFileSync(mark) === "0\n");
  assertEquals((await ns.lanco("run", "b", "true")).code, 6);
  const { code, stderr } = await release(ns);
  assertEquals([code, stderr, remains(ns)], [0, "", []]);
});
