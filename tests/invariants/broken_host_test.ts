import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, type TestNamespace } from "../harness.ts";

/** Runs the command as root, which must succeed. */
async function root(...command: string[]): Promise<void> {
  const { code, stderr } = await exec(command, { uid: 0 });
  assertEquals([code, stderr], [0, ""]);
}

/** A task that ran before still does; a run fails with the message, and leaves nothing. */
async function fails(ns: TestNamespace, text: RegExp): Promise<void> {
  const before = await ns.tracesAtRest();
  const { code, stderr } = await ns.lanco("run", "a", "touch", `${ns.scratch}/ran`);
  assertEquals([code, stderr.trim().split("\n").length], [1, 1], stderr);
  assertMatch(stderr, text);
  assertEquals(ns.traces(), before);
  await ns.must("check", "before");
}

cgroupTest(
  "a corrupt or newer namespace.json fails with what to do, and no task is lost",
  async (ns) => {
    const file = `${ns.directory}/namespace.json`;
    const good = Deno.readTextFileSync(file);
    await ns.must("run", "before", "sleep", "1000");
    for (
      const bad of [
        "",
        "{",
        "null",
        "[]",
        '{"version":99}',
        good.replace('"version":4', '"version":1'),
      ]
    ) {
      Deno.writeTextFileSync(file, bad);
      await fails(ns, /cannot understand .*namespace\.json: .*: run "sudo lanco .* init" again/);
      assertEquals((await ns.lanco("ls")).code, 1);
    }
    Deno.writeTextFileSync(file, good);
    // As in a domain of SELinux that may not read it.
    Deno.chmodSync(file, 0o600);
    await fails(ns, /may not read .*namespace\.json: permit that .*"lanco man selinux"/);
    Deno.chmodSync(file, 0o644);
    await ns.must("stop", "before");
  },
);

cgroupTest(
  "a hierarchy that has been unmounted fails with what to do, and init repairs it",
  async (ns) => {
    await ns.must("run", "before", "sleep", "1000");
    await root("umount", `${ns.directory}/devices`);
    await fails(ns, /in hierarchy devices is gone: run "sudo lanco .* init" again/);
    await ns.init();
    await ns.must("check", "before");
    await ns.must("run", "a", "true");
  },
);

cgroupTest("a full /var/log fails with the reason, and no task is lost", async (ns) => {
  await ns.must("run", "before", "sleep", "1000");
  await root("mount", "-t", "tmpfs", "-o", "nr_inodes=1,mode=777", "none", ns.logs);
  try {
    await fails(ns, /cannot write to the log .*: No space left on device/);
  } finally {
    await root("umount", ns.logs);
  }
});

cgroupTest("logs that cannot be written fail with the reason, and no task is lost", async (ns) => {
  await ns.must("run", "before", "sleep", "1000");
  await root("mount", "--bind", ns.logs, ns.logs);
  try {
    await root("mount", "-o", "remount,bind,ro", ns.logs);
    await fails(ns, /cannot write to the log .*: Read-only file system/);
  } finally {
    await root("umount", ns.logs);
  }
  await ns.must("run", "a", "true");
});

cgroupTest("what is refused while the release agent is slow leaves nothing", async (ns) => {
  await ns.must("run", "before", "sleep", "1000");
  const agent = `${ns.directory}/named/release_agent`;
  const path = Deno.readTextFileSync(agent).trim();
  await root("mount", "-t", "tmpfs", "-o", "nr_inodes=1,mode=777", "none", ns.logs);
  try {
    await root("sh", "-c", `echo >${agent}`);
    await fails(ns, /cannot write to the log .*: No space left on device/);
  } finally {
    await root("sh", "-c", `echo ${path} >${agent}`);
    await root("umount", ns.logs);
  }
  await ns.must("stop", "before");
});

cgroupTest("a full or read-only /run fails with the reason, and no task is lost", async (ns) => {
  await ns.must("run", "before", "sleep", "1000");
  const runs = `${ns.directory}/runs`;
  for (
    const [options, reason] of [["ro", "Read-only"], ["nr_inodes=1,mode=777", "No space left"]]
  ) {
    await root("mount", "-t", "tmpfs", "-o", options ?? "", "none", runs);
    try {
      const { code, stderr } = await ns.lanco("run", "a", "true");
      assertEquals(code, 1, stderr);
      assert(stderr.includes(`cannot write the record of the run: ${reason}`), stderr);
      await ns.must("check", "before");
    } finally {
      await root("umount", runs);
    }
  }
  await ns.must("run", "a", "true");
});
