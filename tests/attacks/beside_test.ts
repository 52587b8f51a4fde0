import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, identity, LANCO, LEGACY, OWNER, shell, until } from "../harness.ts";

cgroupTest("run from below a directory that the user may not enter names --chdir", async (ns) => {
  const closed = `${ns.scratch}/closed`;
  Deno.mkdirSync(`${closed}/open/below`, { recursive: true });
  Deno.chmodSync(closed, 0o700);
  for (const directory of [closed, `${closed}/open`, `${closed}/open/below`]) {
    const line = `cd ${directory} && exec setpriv ${
      identity(OWNER).join(" ")
    } ${LANCO} ${ns.name} "$@"`;
    const from = (...args: string[]) => exec(["sh", "-c", line, "sh", ...args], { uid: 0 });
    const { code, stderr } = await from("run", "a", "true");
    assertEquals(code, 6, stderr);
    assertMatch(stderr, /cannot enter the working directory.*--chdir/);
    assertEquals(
      (await from("run", "--chdir", "/tmp", "-c", "true", "a", "sleep", "1000")).code,
      0,
    );
    assertEquals((await from("stop", "a")).code, 0);
  }
});

const THREADS = `import ctypes, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
ctypes.CDLL(None).pthread_exit(None)`;

cgroupTest(
  "run returns at once for a program whose first thread ends, or that hides itself",
  async (ns) => {
    const hidden = `${ns.scratch}/hidden`;
    await exec(["install", "-m", "4755", "-o", "0", "/bin/sleep", hidden], { uid: 0 });
    const commands = [["/usr/bin/python3", "-c", THREADS], [hidden, "1000"]];
    for (const [i, command] of commands.entries()) {
      const { code, stderr } = await exec([
        "timeout",
        "10",
        LANCO,
        ns.name,
        "run",
        `t${i}`,
        ...command,
      ]);
      assertEquals([code, stderr], [0, ""]);
      await ns.must("check", `t${i}`);
    }
    await until("its first thread has ended", () => {
      const [pid] = ns.task("t0");
      return /^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
    });
    assertEquals((await ns.lanco("ls")).code, 0);
    // A setuid process of a legacy host is for root to stop.
    const stop = await ns.lancoWith({ uid: LEGACY ? 0 : OWNER }, "stop", "--now", "t0", "t1");
    assertEquals([stop.code, stop.stderr], [0, ""]);
  },
);

// There /run/lanco is shared, so that the kernel's agent sees what is mounted below it.
if (LEGACY) {
  cgroupTest("an owner whose name has a backslash or a quote breaks nothing", async (ns) => {
    await ns.lancoWith({ uid: 0 }, "release");
    Deno.removeSync(ns.logs, { recursive: true });
    const names = ["DOMAIN\\user", 'quote"d'];
    for (const [i, name] of names.entries()) {
      const passwd = `${ns.scratch}/passwd`;
      const line = `${name}:x:${4_000_000 + i}:65534::/nonexistent:/bin/sh\n`;
      Deno.writeTextFileSync(passwd, Deno.readTextFileSync("/etc/passwd") + line);
      Deno.chmodSync(passwd, 0o644);
      // What init mounts must reach the kernel's agent.
      const script = `mount --make-private / && mount --bind ${passwd} /etc/passwd && exec "$@"`;
      const inside = (...args: string[]) =>
        exec([
          "unshare",
          "--mount",
          "--propagation",
          "unchanged",
          "sh",
          "-c",
          script,
          "sh",
          ...args,
        ], {
          uid: 0,
        });
      const user = i === 0 ? name : String(4_000_000 + i);
      const init = await inside(LANCO, ns.name, "init", "-u", user);
      assertEquals([init.code, init.stderr], [0, ""]);
      const { owner } = JSON.parse(Deno.readTextFileSync(`${ns.directory}/namespace.json`));
      assertEquals(owner, name);
      const run = await inside(
        "setpriv",
        `--reuid=${4_000_000 + i}`,
        "--regid=65534",
        "--clear-groups",
        LANCO,
        ns.name,
        "run",
        "a",
        "true",
      );
      assertEquals([run.code, run.stderr], [0, ""]);
      await ns.gone("a");
      assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
      await shell("true");
      Deno.removeSync(ns.logs, { recursive: true });
    }
    // It is the namespace of the tests' user again.
    await ns.init();
    await ns.must("run", "a", "true");
  });
}
