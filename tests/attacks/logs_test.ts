import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  groupOf,
  LEGACY,
  OWNER,
  OWNER_NAME,
  shell,
  STRANGER,
  until,
} from "../harness.ts";

const SECRET = "the secret of somebody else\n";

if (!LEGACY) {
  cgroupTest(
    "who owns a namespace next writes through no link of who owned it before",
    async (ns) => {
      const targets = ["a", "b"].map((name) => `${ns.scratch}/target-${name}`);
      for (const path of targets) {
        Deno.writeTextFileSync(path, SECRET);
        Deno.chmodSync(path, 0o666);
      }
      for (const next of [STRANGER, 0]) {
        await ns.lancoWith({ uid: 0 }, "release");
        await shell(`chmod 0777 ${ns.logs}; cd ${ns.logs}
        ln -sf ${targets[0]} task-a.log; ln -sf ${targets[1]} task-b.log; ln -sf / task-c.log.1`);
        const ids = ["-u", String(next), "-g", String(groupOf(next))];
        const init = await ns.lancoWith({ uid: 0 }, "init", ...ids);
        assertEquals(init.code, 0, init.stderr);
        assertMatch(
          init.stderr,
          /logs in \/var\/log\/.* may have been written by others: they are in/,
        );
        const { mode, uid } = Deno.statSync(ns.logs);
        assertEquals([((mode ?? 0) & 0o7777).toString(8), uid], ["750", next]);
        for (const task of ["a", "b", "c"]) {
          const run = await ns.lancoWith({ uid: next }, "run", task, "echo", "written");
          assertEquals(run.code, 0, run.stderr);
          await ns.gone(task);
        }
        for (const path of targets) assertEquals(Deno.readTextFileSync(path), SECRET);
        assertEquals(ns.log("a"), "written\n");
        // For the next round, and its owner is the first one again.
        await ns.lancoWith({ uid: 0 }, "release");
        Deno.removeSync(ns.logs, { recursive: true });
        await ns.init();
      }
    },
  );

  cgroupTest("init changes nothing through a link that lies where the logs should", async (ns) => {
    await ns.lancoWith({ uid: 0 }, "release");
    Deno.removeSync(ns.logs, { recursive: true });
    const victim = `${ns.scratch}/victim`;
    Deno.mkdirSync(victim, { mode: 0o700 });
    Deno.symlinkSync(victim, ns.logs);
    await ns.lancoWith({ uid: 0 }, "init", "-u", OWNER_NAME, "-g", "adm");
    const { mode, uid } = Deno.statSync(victim);
    assertEquals([(mode ?? 0) & 0o7777, uid], [0o700, 0]);
    assertEquals(Deno.lstatSync(ns.logs).isDirectory, true);
    await ns.must("run", "a", "true");
  });
}

cgroupTest("a fifo in the place of a log keeps nobody waiting", async (ns) => {
  for (const where of [[], ["-l", `${ns.scratch}/elsewhere`]]) {
    await ns.must("run", ...where, "a", "sleep", "1000");
    const log = where[1] ?? `${ns.logs}/task-a.log`;
    await shell(`rm ${log}; mkfifo ${log}`);
    for (const uid of [OWNER, 0]) {
      for (const args of [["logs", "a"], ["logs", "-n", "3", "a"], ["top", "--once"]]) {
        const { code } = await exec([
          "timeout",
          "10",
          Deno.env.get("LANCO_EXE") ?? "",
          ns.name,
          ...args,
        ], {
          uid,
        });
        assert(code !== 124, args.join(" "));
      }
    }
    await ns.must("stop", "--now", "a");
    await shell(`rm -f ${log}`);
  }
});

cgroupTest("a record that names somebody else's file as the log shows it to nobody", async (ns) => {
  const secret = `${ns.scratch}/secret`;
  // Readable by a group, whose member watches the namespace.
  Deno.writeTextFileSync(secret, SECRET);
  await exec(["chown", "0:4", secret], { uid: 0 });
  Deno.chmodSync(secret, 0o640);
  await ns.lancoWith({ uid: 0 }, "release");
  Deno.removeSync(ns.logs, { recursive: true });
  await ns.lancoWith({ uid: 0 }, "init", "-u", OWNER_NAME, "-g", "adm");
  await ns.must("run", "a", "echo", "hello");
  await ns.gone("a");
  const member = { uid: STRANGER, groups: [4] };
  assertEquals((await ns.lancoWith(member, "logs", "a")).stdout, "hello\n");
  const record = `${ns.runDirectory("a")}/run.json`;
  await shell(`sed -i 's|"log":"[^"]*"|"log":"${secret}"|' ${record} && chmod 640 ${record}`);
  for (const who of [member, { uid: 0 }, { uid: OWNER }]) {
    for (const args of [["logs", "a"], ["logs", "-f", "a"], ["logs", "-n", "1", "a"]]) {
      const { stdout, stderr, code } = await ns.lancoWith(who, ...args);
      assertEquals([stdout, code], ["", 6], stderr);
    }
  }
});

cgroupTest("a log is not moved into a directory that lies where its old one should", async (ns) => {
  const inside = `${ns.scratch}/inside`;
  await shell(`mkdir ${inside}`);
  for (const log of [`${ns.logs}/task-a.log`, `${ns.scratch}/a.log`]) {
    await ns.must("run", "-l", log, "a", "echo", "first");
    await ns.gone("a");
    for (const trap of [`ln -s ${inside} ${log}.1`, `mkdir ${log}.1`]) {
      await shell(`rm -rf ${log}.1; ${trap}`);
      await ns.lanco("run", "--keep", "1", "-l", log, "a", "echo", "second");
      await until("it has ended", () => !exists(`${ns.directory}/named/task-a`));
      assertEquals([...Deno.readDirSync(inside)], []);
      if (Deno.lstatSync(`${log}.1`).isDirectory) {
        assertEquals([...Deno.readDirSync(`${log}.1`)], []);
      }
    }
  }
});
