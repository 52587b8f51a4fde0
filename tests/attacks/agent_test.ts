import { assert, assertEquals } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  LEGACY,
  OWNER,
  shell,
  start,
  STRANGER,
  TRACKER,
  until,
} from "../harness.ts";
import { StoppedAgent } from "../root/stopped_agent.ts";
import { pythonOf } from "./python.ts";

/** Returns the cgroups of v2 that processes of the owner's are in, by pid. */
function placesOf(uid: number): Map<number, string> {
  const found = new Map<number, string>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = Deno.readTextFileSync(`/proc/${name}/status`);
      if (!new RegExp(`^Uid:.*\\b${uid}\\b`, "m").test(status)) continue;
      const line = /^0::(.*)$/m.exec(Deno.readTextFileSync(`/proc/${name}/cgroup`))?.[1];
      if (line !== undefined) found.set(Number(name), line);
    } catch { /* it has ended */ }
  }
  return found;
}

function commandLine(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return "";
  }
}

if (!LEGACY) {
  cgroupTest(
    "the agent takes no process of the owner's out of the namespace's limits",
    async (ns) => {
      await ns.must("run", "a", "sh", "-c", "sleep 1000 & exec sleep 1000");
      await until("both processes are there", () => ns.task("a").length === 2);
      const hopper = pythonOf("hop.py");
      await ns.must("run", "h", "/usr/bin/python3", "-c", hopper, ns.directory, "a");
      // The agent is called while processes enter and leave the registered cgroup.
      for (let round = 0, end = Date.now() + 5000; Date.now() < end; round++) {
        const [list, bell] = [`enter-r${round}`, `bell-r${round}`].map((name) =>
          `${ns.directory}/named/${name}`
        );
        const paths = [`${list}/task-a`, `${list}/exit-1-a`, `${list}/task-hop`, `${bell}/x`];
        for (const path of paths) Deno.mkdirSync(path, { recursive: true });
        Deno.removeSync(`${bell}/x`);
        await until("the agent has come", () => !exists(list ?? ""));
      }
      const inside = `/lanco-${ns.name}/`;
      const found = [...placesOf(OWNER)].filter(([pid]) => commandLine(pid).includes(ns.directory));
      // The task, its three children, and a process between two moves.
      assert(found.length >= 4, `${found.length} found`);
      for (const [pid, place] of found) {
        assert(place.startsWith(inside), `${commandLine(pid)} is in ${place}`);
      }
      assertEquals(ns.task("a").length, 2);
    },
  );

  cgroupTest(
    "the agent takes a task's process to no other task, nor out of its own",
    async (ns) => {
      for (const task of ["a", "b"]) await ns.must("run", task, "sleep", "1000");
      const [pid = 0] = ns.task("a");
      await shell(`echo ${pid} >${ns.directory}/named/task-b/cgroup.procs`);
      await ns.askToLetIn("task-b");
      assertEquals(placesOf(OWNER).get(pid), `/lanco-${ns.name}/task-a`);
      await ns.must("stop", "--now", "a");
      assert(!exists(`/proc/${pid}`) || !ns.task("b").includes(pid));
      await ns.must("check", "b");
    },
  );

  cgroupTest("the agent admits no process that has left the task meanwhile", async (ns) => {
    const process = start(["sleep", "1000"]);
    const place = () => placesOf(OWNER).get(process.pid);
    try {
      await until("the process belongs to the owner", () => place() !== undefined);
      const outside = place();
      for (const leaves of [true, false]) {
        const line = `cd ${ns.directory} && mkdir -p named/keep &&
          echo 0 >named/keep/notify_on_release && mkdir named/task-x unified/task-x named/enter-x named/enter-x/task-x &&
          echo ${process.pid} >named/task-x/cgroup.procs`;
        assertEquals(await shell(line), { code: 0, stdout: "", stderr: "" });
        const opening = { call: "openat", path: `/proc/${process.pid}/stat` };
        const agent = await StoppedAgent.at(ns, "/bell-x", opening);
        try {
          if (leaves) await shell(`echo ${process.pid} >${ns.directory}/named/keep/cgroup.procs`);
          await agent.goOn();
        } finally {
          await agent.end();
        }
        assertEquals(place(), leaves ? outside : `/lanco-${ns.name}/shims`);
        if (leaves) await ns.gone("x");
      }
    } finally {
      process.kill("SIGKILL");
      await process.status;
    }
  });

  cgroupTest(
    "the agent admits a process whose list of cgroups changes while it is read",
    async (ns) => {
      ns.runAgentUnder("/bin/bash");
      const other = `lanco-other-${crypto.randomUUID()}`;
      const point = `${ns.scratch}/other`;
      Deno.mkdirSync(point);
      const process = start(["sleep", "1000"]);
      try {
        const root = (line: string) => exec(["sh", "-c", line], { uid: 0 });
        const mount = `mount -t cgroup -o none,name=${other} none ${point}`;
        assertEquals((await root(mount)).code, 0);
        const line =
          `cd ${ns.directory} && mkdir named/task-x unified/task-x named/enter-x named/enter-x/task-x &&
          echo ${process.pid} >named/task-x/cgroup.procs`;
        assertEquals(await shell(line), { code: 0, stdout: "", stderr: "" });
        const list = `/proc/${process.pid}/cgroup`;
        const agent = await StoppedAgent.at(ns, "/bell-x", { call: "read", path: list });
        try {
          assertEquals((await root(`umount ${point}`)).code, 0);
          await until("its line is gone", () => !Deno.readTextFileSync(list).includes(other));
          await agent.goOn();
        } finally {
          await agent.end();
        }
        assertEquals(placesOf(OWNER).get(process.pid), `/lanco-${ns.name}/shims`);
      } finally {
        process.kill("SIGKILL");
        await process.status;
        await exec(["umount", "-q", point], { uid: 0 });
      }
    },
  );
}

for (const registered of ["task-x", "exit-1-x"]) {
  cgroupTest(
    `a process that gets the pid of one that ended in ${registered} stays in its cgroup`,
    async (ns) => {
      const target = registered === "task-x" ? "shims" : "exits/1-x";
      const line =
        `cd ${ns.directory} && mkdir -p named/${registered} ${TRACKER}/${target} ${TRACKER}/task-x &&
      mkdir -p named/enter-x/${registered}`;
      assertEquals(await shell(line), { code: 0, stdout: "", stderr: "" });
      const script = `${ns.scratch}/number_again.py`;
      Deno.writeTextFileSync(script, pythonOf("number_again.py"));
      Deno.writeTextFileSync(`${ns.scratch}/reused_number.py`, pythonOf("reused_number.py"));
      const words = [ns.directory, registered, `${TRACKER}/${target}`, `${ns.scratch}/trace`];
      const { code, stdout, stderr } = await exec(
        [
          ...["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "python3", script],
          ...[ns.agent, ...words, String(OWNER), String(STRANGER)],
        ],
        { uid: 0 },
      );
      assertEquals([code, stderr], [0, ""]);
      const { same, moved, before, after } = JSON.parse(stdout);
      // Otherwise the test would prove nothing. On legacy hosts the agent moves no process, for
      // it could not move it back.
      assertEquals([same, moved], [true, !LEGACY]);
      assertEquals(after, before);
    },
  );
}

cgroupTest(
  "the agent opens only cgroups, /proc and the counters, whatever its argument",
  async (ns) => {
    await ns.must("run", "a", "sleep", "1000");
    const evil = `${ns.scratch}/evil`;
    await shell(`mkdir ${evil} ${ns.directory}/named/task-x; ln -s /etc ${ns.runDirectory("x")}`);
    const calls = [
      "/task-a",
      "/task-x",
      "/task-gone",
      "/task-../../etc",
      "/task-a/../../../../etc",
      "/bell-x",
      "/bell-../x",
      "/exit-1-a",
      "/exit-../../a",
      "/new-x",
      "/",
      "",
      `/task-$(touch ${evil}/x)`,
      `/bell-;touch ${evil}/x`,
    ];
    // The other files are libraries, and files that these open.
    const foreign = new RegExp(
      `^(${ns.directory}/runs|/var/log|/etc/(?!ld|selinux|nsswitch|passwd)|/root|/home|/srv|/tmp|/run/(?!lanco))`,
    );
    for (const path of calls) {
      const trace = `${ns.scratch}/trace`;
      const command = ["strace", "-f", "-qq", "-e", "trace=%file"];
      await exec([...command, "-o", trace, ns.agent, path], { uid: 0, clearEnv: true });
      for (
        const [, opened = ""] of Deno.readTextFileSync(trace).matchAll(
          /^\d+ +\w+\((?:AT_FDCWD, )?"([^"]*)"/gm,
        )
      ) {
        assert(!foreign.test(opened), `${path} looks at ${opened}`);
      }
    }
    assertEquals([...Deno.readDirSync(evil)], []);
    await ns.must("check", "a");
  },
);

cgroupTest(
  "cgroups that an owner puts in the agent's way do not keep it from tasks",
  async (ns) => {
    const { directory } = ns;
    await shell(
      `cd ${directory}/named && mkdir -p enter-x/task-a/deep bell-x/deep new-init/keep exit-1-x/y
    mkdir -p ${directory}/${LEGACY ? "freezer" : "unified"}/exits/1-x/y`,
    );
    const mark = `${ns.scratch}/mark`;
    for (let i = 0; i < 3; i++) {
      await ns.must("run", "-c", `echo $LANCO_STATUS >>${mark}`, "a", "sh", "-c", "exit 4");
      await ns.gone("a");
    }
    await until(
      "all exit commands have run",
      () => exists(mark) && Deno.readTextFileSync(mark) === "4\n4\n4\n",
    );
    await ns.init();
    await ns.must("run", "a", "true");
  },
);
