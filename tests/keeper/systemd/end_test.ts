import { assertEquals, assertMatch } from "@std/assert";
import EXIT from "../../../src/launch/shim/exit_command.sh" with { type: "text" };
import { systemd } from "../../../src/keeper/systemd/systemd.ts";
import { UNIFIED_COUNTERS } from "../../../src/task/usage.ts";
import { exists, until } from "../../harness.ts";

const { end: END } = systemd;

/** Where the unified hierarchy is mounted, on hosts that have v1 beside it, too. */
function unifiedMount(): string | undefined {
  for (const line of Deno.readTextFileSync("/proc/self/mountinfo").split("\n")) {
    const [, root, point] = /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /.exec(line) ?? [];
    if (root === "/") return point;
  }
  return undefined;
}

const MOUNT = unifiedMount();

/** The directory of a namespace as init makes it where systemd keeps it, and a cgroup in the place of the unit's. */
class Kept {
  readonly directory = Deno.makeTempDirSync();
  readonly cgroup = `${MOUNT}/lanco-${Deno.env.get("LANCO_TEST_PREFIX") ?? "lt-"}${
    crypto.randomUUID().slice(0, 8)
  }`;
  readonly #started: Deno.ChildProcess[] = [];

  constructor() {
    for (const name of ["", "/shims", "/shims/task-a", "/task-a"]) {
      Deno.mkdirSync(this.cgroup + name);
    }
    Deno.mkdirSync(`${this.directory}/usage`);
    Deno.mkdirSync(`${this.directory}/locks`);
    Deno.mkdirSync(this.run);
    Deno.writeTextFileSync(this.lock, "");
  }

  get lock(): string {
    return `${this.directory}/locks/7`;
  }

  /** The directory of the run. */
  get run(): string {
    return `${this.directory}/run`;
  }

  /** Starts a shell in the cgroup of the shim, which does what a shim does at its end when it is told so. */
  async start(
    sh: string,
    { begin = "", end = "lanco_end", place = "shims/task-a" } = {},
  ): Promise<Deno.ChildProcess> {
    const [program = "", ...args] = sh.split(" ");
    const text = `${END}
      lanco_unified=$1 lanco_inode=77 lanco_lock=$2 lanco_run=$3 LANCO_TASK=a
      echo 0 >"$1/${place}/cgroup.procs"
      ${begin}
      read -r _
      ${end} 2>/dev/null
      exit 5`;
    const process = new Deno.Command(program, {
      args: [...args, "-c", text, "lanco", this.cgroup, this.lock, this.run],
      stdin: "piped",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    this.#started.push(process);
    await until("the shim is there", () => populated(`${this.cgroup}/${place}`));
    return process;
  }

  /** Starts a process in the cgroup of the task. */
  async orphan(): Promise<Deno.ChildProcess> {
    const args = ["-c", `echo 0 >"$1/task-a/cgroup.procs"; exec sleep 1000`, "sh", this.cgroup];
    const process = new Deno.Command("/bin/sh", { args }).spawn();
    this.#started.push(process);
    await until("the orphan is there", () => populated(`${this.cgroup}/task-a`));
    return process;
  }

  cgroups(): string[] {
    return [...Deno.readDirSync(this.cgroup)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name).sort();
  }

  usage(): string[] {
    return [...Deno.readDirSync(`${this.directory}/usage`)].map(({ name }) => name);
  }

  async close(): Promise<void> {
    Deno.writeTextFileSync(`${this.cgroup}/cgroup.kill`, "1");
    for (const process of this.#started) {
      try {
        process.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await process.status;
    }
    await until("nobody is there", () => {
      new Deno.Command("find", { args: [this.cgroup, "-depth", "-type", "d", "-delete"] })
        .outputSync();
      return !exists(this.cgroup);
    });
    Deno.removeSync(this.directory, { recursive: true });
  }
}

async function finish(process: Deno.ChildProcess): Promise<number> {
  await process.stdin.close();
  return (await process.status).code;
}

function populated(cgroup: string): boolean {
  return /^populated 1$/m.test(Deno.readTextFileSync(`${cgroup}/cgroup.events`));
}

function endTest(name: string, body: (kept: Kept, sh: string) => Promise<void>): void {
  for (const sh of ["/bin/dash", "/bin/bash", "/bin/busybox sh"]) {
    Deno.test({
      name: `${name}, under ${sh}`,
      ignore: MOUNT === undefined || Deno.uid() !== 0,
      fn: async () => {
        const kept = new Kept();
        try {
          await body(kept, sh);
        } finally {
          await kept.close();
        }
      },
    });
  }
}

endTest("a shim keeps the counters of its run and removes its cgroups", async (kept, sh) => {
  const there = UNIFIED_COUNTERS.filter((file) => exists(`${kept.cgroup}/task-a/${file}`));
  const shim = await kept.start(sh);
  assertEquals(await finish(shim), 5);
  assertEquals(kept.cgroups(), ["shims"]);
  assertEquals(exists(`${kept.cgroup}/shims/task-a`), false);
  assertEquals(kept.usage(), ["77-a"]);
  const counters = Deno.readTextFileSync(`${kept.directory}/usage/77-a`);
  assertMatch(counters, /^cpu\.stat usage_usec \d+$/m);
  const names = new Set(counters.trim().split("\n").map((line) => line.split(" ")[0] ?? ""));
  assertEquals([...names].sort(), there.sort());
});

endTest(
  "a shim whose command was not executed keeps no counters, and removes the cgroup of an exit command that has not come",
  async (kept, sh) => {
    Deno.removeSync(kept.run);
    Deno.mkdirSync(`${kept.cgroup}/exit-77-a`);
    const shim = await kept.start(sh);
    assertEquals(await finish(shim), 5);
    assertEquals([kept.cgroups(), kept.usage()], [["shims"], []]);
  },
);

endTest("a shim that gives up removes the cgroups of its run, and no others", async (kept, sh) => {
  // Another has registered the task.
  const stranger = await kept.start(sh, { end: "lanco_give_up", place: "shims" });
  assertEquals(await finish(stranger), 5);
  assertEquals(kept.cgroups(), ["shims", "task-a"]);
  const shim = await kept.start(sh, { end: "lanco_give_up" });
  assertEquals(await finish(shim), 5);
  assertEquals([kept.cgroups(), exists(`${kept.cgroup}/shims/task-a`)], [["shims"], false]);
  assertEquals(kept.usage(), []);
});

endTest("a shim removes the cgroups that the task has made in its own", async (kept, sh) => {
  Deno.mkdirSync(`${kept.cgroup}/task-a/b/c`, { recursive: true });
  const shim = await kept.start(sh);
  assertEquals(await finish(shim), 5);
  assertEquals(kept.cgroups(), ["shims"]);
});

endTest("orphans are waited for by another process than the shim", async (kept, sh) => {
  const orphan = await kept.orphan();
  const shim = await kept.start(sh);
  assertEquals(await finish(shim), 5);
  // The name is free as soon as the orphans have ended: what waits is not beside the task.
  assertEquals(populated(`${kept.cgroup}/shims/task-a`), false);
  assertEquals([kept.usage(), populated(`${kept.cgroup}/shims`)], [[], true]);
  orphan.kill("SIGKILL");
  await orphan.status;
  await until("the cgroup is gone", () => kept.cgroups().length === 1);
  await until("it has ended", () => !populated(kept.cgroup));
  assertEquals(kept.usage(), ["77-a"]);
});

endTest("what waits for orphans holds nothing open that the shim had", async (kept, sh) => {
  const orphan = await kept.orphan();
  const pipe = `${kept.directory}/pipe`;
  assertEquals(new Deno.Command("mkfifo", { args: [pipe] }).outputSync().success, true);
  // The other end is that of an exit command.
  const exit = new Deno.Command("/bin/sh", { args: ["-c", `exec cat "$0"`, pipe] }).spawn();
  const shim = await kept.start(sh, { begin: `exec 6>${pipe}` });
  assertEquals(await finish(shim), 5);
  assertEquals((await exit.status).success, true);
  assertEquals(populated(`${kept.cgroup}/shims`), true);
  orphan.kill("SIGKILL");
});

endTest("what waits for orphans removes no cgroup of a later run", async (kept, sh) => {
  const orphan = await kept.orphan();
  const shim = await kept.start(sh);
  assertEquals(await finish(shim), 5);
  orphan.kill("SIGKILL");
  await orphan.status;
  await until("it is empty", () => !populated(`${kept.cgroup}/task-a`));
  // Another launch is faster, unless the waiting process is: each has the lock.
  const held = Deno.openSync(kept.lock, { write: true });
  held.lockSync(true);
  if (exists(`${kept.cgroup}/task-a`)) {
    try {
      Deno.removeSync(`${kept.cgroup}/task-a`);
    } catch {
      // It was faster.
    }
  }
  Deno.mkdirSync(`${kept.cgroup}/task-a`);
  held.close();
  await until("it has ended", () => !populated(`${kept.cgroup}/shims`));
  assertEquals(kept.cgroups(), ["shims", "task-a"]);
});

endTest(
  "an exit command neither waits for the next run nor removes its cgroup",
  async (kept, sh) => {
    const [program = "", ...args] = sh.split(" ");
    Deno.mkdirSync(`${kept.cgroup}/exit-77-a`);
    Deno.writeTextFileSync(`${kept.run}/status`, `run\nexecuted\nended 3 1.00\n`);
    const shell = new Deno.Command(program, {
      args: [...args, "-c", END + EXIT, "lanco-exit", "", "", "", `${kept.cgroup} ${kept.lock}`],
      env: { LANCO_TASK: "a", lanco_script: `echo "$LANCO_STATUS" >'${kept.directory}/ran'` },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const input = shell.stdin.getWriter();
    const output = shell.stdout.getReader();
    const answer = async () => new TextDecoder().decode((await output.read()).value);
    assertEquals(await answer(), "ready\n");
    await input.write(new TextEncoder().encode(`run ${kept.run}\n`));
    assertEquals(await answer(), "opened\n");
    // The run ends and the next one begins before the shell is told to wait.
    Deno.removeSync(`${kept.cgroup}/task-a`);
    Deno.mkdirSync(`${kept.cgroup}/task-a`);
    const { ino } = Deno.statSync(`${kept.cgroup}/task-a`);
    await input.write(new TextEncoder().encode(`hold ${kept.cgroup}/exit-77-a 77\n`));
    await input.close();
    await output.cancel();
    await shell.status;
    assertEquals(Deno.readTextFileSync(`${kept.directory}/ran`), "3\n");
    assertEquals([Deno.statSync(`${kept.cgroup}/task-a`).ino, kept.usage()], [ino, []]);
  },
);

endTest("a shim waits for the lock of the name", async (kept, sh) => {
  const held = Deno.openSync(kept.lock, { write: true });
  held.lockSync(true);
  const shim = await kept.start(sh);
  const end = finish(shim);
  await until("it waits", () => /flock/.test(namesIn(`${kept.cgroup}/shims/task-a`)));
  assertEquals(kept.cgroups(), ["shims", "task-a"]);
  held.close();
  assertEquals(await end, 5);
  assertEquals(kept.cgroups(), ["shims"]);
});

function namesIn(cgroup: string): string {
  return Deno.readTextFileSync(`${cgroup}/cgroup.procs`).trim().split("\n").map((pid) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/comm`);
    } catch {
      return "";
    }
  }).join("");
}

endTest("counters are not written where a link leads", async (kept, sh) => {
  Deno.writeTextFileSync(`${kept.directory}/precious`, "as it was");
  Deno.symlinkSync(`${kept.directory}/precious`, `${kept.directory}/usage/77-a`);
  const shim = await kept.start(sh);
  assertEquals(await finish(shim), 5);
  assertEquals(Deno.readTextFileSync(`${kept.directory}/precious`), "as it was");
  assertEquals(kept.cgroups(), ["shims"]);
});
