import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  type ExecOptions,
  exists,
  identity,
  LANCO,
  lives,
  OWNER,
  OWNER_GROUP,
  type Result,
  STRANGER,
  type TestNamespace,
  until,
} from "../harness.ts";

/** Runs `lanco <namespace> <args>` as root. */
function asRoot(ns: TestNamespace, args: string[], options: ExecOptions = {}): Promise<Result> {
  return ns.lancoWith({ ...options, uid: 0 }, ...args);
}

/** The real, effective and saved user, and the groups, of a process. */
function ids(pid: number): string[] {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return ["Uid", "Gid", "Groups"].map((name) =>
    new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1]?.trim().replaceAll("\t", " ") ?? ""
  );
}

const OWNERS = [OWNER, OWNER_GROUP].map((id) => [id, id, id, id].join(" "));

cgroupTest("what root runs in a user's namespace is the user's in every way", async (ns) => {
  const { code, stderr } = await asRoot(ns, ["run", "-c", "true", "a", "sleep", "1000"], {
    env: { SECRET_OF_ROOT: "x", LC_ALL: "C" },
  });
  assertEquals([code, stderr], [0, ""]);
  const processes = [...ns.task("a"), ns.shim("a"), ...sleepers(ns)];
  assertEquals(processes.length, 3);
  for (const pid of processes) {
    assertEquals(ids(pid).slice(0, 2), OWNERS);
    assert(!ids(pid)[2]?.split(" ").includes("0"), ids(pid)[2]);
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
      assertMatch(status, new RegExp(`^${set}:\\s0+$`, "m"));
    }
  }
  const [task = 0] = ns.task("a");
  const environment = Deno.readTextFileSync(`/proc/${task}/environ`);
  assert(!/SECRET_OF_ROOT|LANCO_FOR_ROOT|\/root/.test(environment), environment);
  assertMatch(environment, /HOME=\/usr\/games\0/);
  for (const file of [`${ns.logs}/task-a.log`, `${ns.directory}/runs/a/run.json`]) {
    assertEquals(Deno.statSync(file).uid, OWNER);
  }
  assertEquals((await ns.lanco("stop", "a")).code, 0);
});

function sleepers(ns: TestNamespace): number[] {
  return [...Deno.readDirSync(`${ns.directory}/unified/exits`)]
    .filter(({ isDirectory }) => isDirectory)
    .flatMap(({ name }) => ns.pids(`unified/exits/${name}`));
}

cgroupTest("every command does for root what it does for the owner", async (ns) => {
  const expect = async (args: string[], status: number, out: RegExp, options?: ExecOptions) => {
    const { code, stdout, stderr } = await asRoot(ns, args, options);
    assertEquals(code, status, `${args.join(" ")}: ${stderr}`);
    assertMatch(stdout + stderr, out, args.join(" "));
  };
  await expect(["run", "a", "sh", "-c", "echo hello; exec sleep 1000"], 0, /^$/);
  await expect(["start", "b", "sleep", "1000"], 0, /^$/);
  await expect(["run", "-f", "f", "sh", "-c", "id -u; cat; exit 7"], 7, /^5\nfrom root\n$/, {
    stdin: "from root\n",
  });
  await expect(["check", "a"], 0, /^$/);
  await expect(["check", "nope"], 3, /^$/);
  await expect(["ls", "-a"], 0, /├ a\n.*sleep 1000 \n/);
  await expect(["status", "a"], 0, /^a: running\n/);
  await expect(["logs", "a"], 0, /^hello\n$/);
  await expect(["dump"], 0, /"command":\["sleep","1000"\]/);
  await expect(["metrics"], 0, /^lanco_task_cpu_seconds_total\{/m);
  await expect(["top", "--once"], 0, /^a +running/m);
  await expect(["pause", "a"], 0, /^$/);
  await expect(["status", "a"], 0, /^a: paused\n/);
  await expect(["resume", "a"], 0, /^$/);
  await expect(["signal", "CONT", "a"], 0, /^$/);
  await expect(["wait", "-t", "0", "a"], 124, /^$/);
  await expect(["batch"], 0, /"running":true/, { stdin: '{"command":"check","args":["a"]}\n' });
  await expect(["stop", "a"], 0, /^$/);
  await expect(["kill", "--now", "b"], 0, /^$/);
  await expect(["wait", "a"], 143, /^$/);
  await expect(["release", "a"], 3, /task a is not running/);
  await expect(["frobnicate"], 2, /unknown command/);
  assertEquals(JSON.parse(await ns.must("status", "--json", "a")).stopped.by, "root");
});

cgroupTest("root's release of a task runs the exit command as the owner", async (ns) => {
  const mark = `${ns.scratch}/mark`;
  await ns.must("run", "-c", `id -u >${mark}.new; mv ${mark}.new ${mark}`, "a", "sleep", "1000");
  // The agent never comes.
  await exec(["mv", ns.agent, `${ns.agent}.gone`], { uid: 0 });
  for (const pid of ns.task("a")) Deno.kill(pid, "SIGKILL");
  await until("it has ended", () => ns.pids("named/task-a").length === 0);
  assertEquals((await asRoot(ns, ["release", "a"])).code, 0);
  await until("the exit command has run", () => exists(mark));
  assertEquals(Deno.readTextFileSync(mark), `${OWNER}\n`);
});

/** What root does as the owner, while it lasts: the process, which waits in a batch. */
async function acting(
  ns: TestNamespace,
  body: (pid: number, outer: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const line = 'exec 3</etc/shadow 9</etc/shadow 63</etc/shadow; exec "$@"';
  const outer = new Deno.Command("/bin/bash", {
    args: ["-c", line, "bash", LANCO, ns.name, "batch"],
    cwd: "/",
    env: { SECRET_OF_ROOT: "x" },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const children = () =>
    Deno.readTextFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`).trim();
  try {
    // Before that it is root's, and a copy of the outer one.
    await until("it acts", () => {
      const [pid] = children().split(" ");
      try {
        return ids(Number(pid))[0] === OWNERS[0] &&
          Deno.readLinkSync(`/proc/${pid}/exe`) === LANCO;
      } catch {
        return false;
      }
    });
    await body(Number(children()), outer);
  } finally {
    await outer.stdin.close().catch(() => {});
    await outer.status;
  }
}

cgroupTest(
  "what root does as the owner is not in the owner's hands",
  (ns) =>
    acting(ns, async (pid) => {
      assertEquals(ids(pid).slice(0, 2), OWNERS);
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      assertMatch(status, /^CapEff:\s0*800000000$/m);
      for (
        const attempt of [
          `strace -p ${pid} -o /dev/null -e trace=none`,
          `cat /proc/${pid}/environ`,
          `head -c 1 /proc/${pid}/mem`,
          `readlink /proc/${pid}/fd/0`,
          `echo x >/proc/${pid}/fd/1`,
        ]
      ) {
        const { code } = await exec(["timeout", "5", "sh", "-c", attempt]);
        assert(code !== 0 && code !== 124, `${attempt}: ${code}`);
      }
      // Nor has it anything of root's beside the streams.
      const links = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) =>
        Deno.readLinkSync(`/proc/${pid}/fd/${name}`)
      );
      assert(!links.some((link) => link.includes("shadow")), links.join(" "));
      assert(!Deno.readTextFileSync(`/proc/${pid}/environ`).includes("SECRET_OF_ROOT"));
    }),
);

cgroupTest(
  "what root does as the owner ends with the signal that root's command gets",
  (ns) =>
    acting(ns, async (pid, outer) => {
      Deno.kill(outer.pid, "SIGTERM");
      await until("both are gone", () => !lives(pid) && !lives(outer.pid));
    }),
);

cgroupTest("root's terminal is not given to a command of the owner's", async (ns) => {
  const run = `exec ${LANCO} ${ns.name} run -f a touch ${ns.scratch}/ran`;
  const { code, stdout } = await exec(["script", "-qec", run, "/dev/null"], { uid: 0 });
  assertEquals(code, 6, stdout);
  assertMatch(stdout, /run -f would give root's terminal to games: use "sudo -u games"/);
  assert(!exists(`${ns.scratch}/ran`));
});

cgroupTest("root says where the owner could not execute lanco", async (ns) => {
  const directory = `${ns.scratch}/closed`;
  await exec(["install", "-d", "-m", "0700", "-o", "0", "-g", "0", directory], { uid: 0 });
  await exec(["cp", LANCO, `${directory}/lanco`], { uid: 0 });
  const { code, stderr } = await exec([`${directory}/lanco`, ns.name, "ls"], { uid: 0 });
  assertEquals(code, 6);
  assertMatch(stderr, /games may not execute .*closed\/lanco: put it where he may/);
});

cgroupTest(
  "nobody overwrites a file of root's by exchanging directories under root's run",
  async (ns) => {
    const precious = `${ns.scratch}/precious`;
    await exec(["install", "-m", "0600", "-o", "0", "/etc/hostname", precious], { uid: 0 });
    const before = Deno.readTextFileSync(precious);
    const script = new URL("exchange.py", import.meta.url).pathname;
    const code = Deno.readTextFileSync(script);
    const swapper = new Deno.Command("setpriv", {
      args: [
        ...[...identity(OWNER), "/usr/bin/python3", "-c", code],
        ...[`${ns.directory}/runs`, precious, ns.logs],
      ],
      cwd: "/",
    }).spawn();
    try {
      const end = Date.now() + 5000;
      while (Date.now() < end) {
        const { stderr } = await asRoot(ns, ["run", "-c", "true", "a", "true"]);
        assert(!/unexpected/.test(stderr) || /os error/.test(stderr), stderr);
      }
    } finally {
      swapper.kill("SIGKILL");
      await swapper.status;
    }
    assertEquals(Deno.readTextFileSync(precious), before);
    const found = await exec(["find", ns.logs, ns.scratch, "-user", "root", "-newer", precious], {
      uid: 0,
    });
    assertEquals(found.stdout, "");
  },
);

cgroupTest("a stranger gets nothing done by anybody", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const commands = [["run", "b", "true"], ["stop", "a"], ["stop", "--now", "a"], ["pause", "a"]];
  for (const args of [...commands, ["signal", "TERM", "a"], ["status", "a"], ["logs", "a"]]) {
    const env = { LANCO_FOR_ROOT: "1" };
    const { code } = await ns.lancoWith({ uid: STRANGER, env }, ...args);
    assertEquals(code, 6, args.join(" "));
  }
  await ns.must("check", "a");
});
