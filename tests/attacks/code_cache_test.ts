import { assert, assertEquals } from "@std/assert";
import { CAN_TEST_CGROUPS, cgroupTest, exec, exists, identity, LANCO, OWNER } from "../harness.ts";

/** Whether others than root and the user himself may put something into the directory. */
function isOpenToOthers(directory: string, uid: number): boolean {
  try {
    const { mode, uid: owner, gid } = Deno.statSync(directory);
    const strange = owner !== 0 && owner !== uid;
    return strange || ((mode ?? 0) & 0o002) !== 0 || (((mode ?? 0) & 0o020) !== 0 && gid !== 0);
  } catch {
    return false;
  }
}

/** The directories above a path, the nearest first. */
function above(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/") || "/").reverse();
}

/** What a command opens, with all that it starts, as strace(1) sees it. */
async function opened(uid: number, command: string[]): Promise<string[]> {
  const trace = Deno.makeTempFileSync();
  try {
    const calls = "trace=open,openat,openat2,creat,execve";
    await exec(
      ["strace", "-f", "-qq", "-s", "4096", "-e", calls, "-o", trace, "setpriv"]
        .concat(identity(uid), command),
      { uid: 0, stdin: '{"command":"ls"}\n' },
    );
    const paths = [
      ...Deno.readTextFileSync(trace).matchAll(
        /^\d+ +(?:open|openat|openat2|creat|execve)\((?:AT_FDCWD, )?"(\/[^"]*)".* = \d+/gm,
      ),
    ].map(([, path = ""]) => path);
    assert(paths.length > 5, `strace has seen nothing of ${command}`);
    return paths;
  } finally {
    Deno.removeSync(trace);
  }
}

cgroupTest("no command opens anything that others could have put there", async (ns) => {
  const own = [ns.directory, ns.logs, ns.scratch, LANCO, "/proc", "/dev"];
  own.push("/run/lanco/proc", "/sys/fs/cgroup");
  await ns.must("run", "steady", "sleep", "1000");
  const lines = [
    ["run", "-c", "true", "task", "true"],
    ["run", "-f", "task", "true"],
    ...["check steady", "ls -a", "status steady", "logs steady", "dump", "metrics", "top --once"]
      .map((line) => line.split(" ")),
    ["wait", "task"],
    ["batch"],
    ["signal", "CONT", "steady"],
    ["pause", "steady"],
    ["resume", "steady"],
    ["stop", "steady"],
  ].map((words) => [LANCO, ns.name, ...words]);
  const alone = ["doctor", "namespaces", "help", "man"].map((word) => [LANCO, word]);
  for (const uid of [OWNER, 0]) {
    const root = uid === 0 ? [[LANCO, ns.name, "init", "-u", String(OWNER)]] : [];
    for (const command of [...lines, ...alone, ...root]) {
      for (const path of await opened(uid, command)) {
        if (own.some((place) => path === place || path.startsWith(`${place}/`))) continue;
        const open = above(path).find((directory) => isOpenToOthers(directory, uid));
        assertEquals(open, undefined, `${command.slice(1).join(" ")} as ${uid} opens ${path}`);
      }
    }
    if (uid !== 0) await ns.must("run", "steady", "sleep", "1000");
  }
});

Deno.test({
  name: "what others put where a code cache might be is not even looked at",
  ignore: !CAN_TEST_CGROUPS,
  async fn() {
    // It would be named by the executable.
    const name = `lanco-${crypto.randomUUID()}`;
    const executable = `${Deno.env.get("LANCO_TEST_DIR")}/${name}`;
    const cache = `/tmp/deno-compile-${name}.cache`;
    Deno.copyFileSync(LANCO, executable);
    try {
      await exec(["mkfifo", cache]);
      const { code } = await exec(["timeout", "10", executable, "help"], { uid: 1 });
      assertEquals(code, 0);
      await exec(["rm", cache]);
      assertEquals((await exec([executable, "help"], { uid: 1 })).code, 0);
      assertEquals(exists(cache), false);
    } finally {
      await exec(["rm", "-f", cache, executable], { uid: 0 });
    }
  },
});
