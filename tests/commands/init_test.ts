import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  KEEPER,
  LANCO,
  OWNER,
  OWNER_GROUP,
  OWNER_NAME,
  STRANGER,
} from "../harness.ts";

function modes(path: string): string {
  const { mode, uid, gid } = Deno.statSync(path);
  return `${((mode ?? 0) & 0o7777).toString(8)} ${uid}:${gid}`;
}

cgroupTest("init gives the owner the directories that they need, and no others", (ns) => {
  assertEquals(modes(ns.directory), "755 0:0");
  assertEquals(modes(`${ns.directory}/namespace.json`), "644 0:0");
  assertEquals(modes(`${ns.directory}/runs`), `2750 ${OWNER}:${OWNER_GROUP}`);
  assertEquals(modes(`${ns.directory}/named`), `755 ${OWNER}:${OWNER_GROUP}`);
  assertEquals(modes(ns.logs), `750 ${OWNER}:${OWNER_GROUP}`);
  if (KEEPER === "systemd") {
    assertEquals(Deno.readLinkSync(`${ns.directory}/named`), "unified");
    assertEquals(modes(`${ns.directory}/usage`), `755 ${OWNER}:${OWNER_GROUP}`);
    assertEquals(modes(`${ns.directory}/locks`), "755 0:0");
    for (const lock of ["0", "63"]) {
      assertEquals(modes(`${ns.directory}/locks/${lock}`), `600 ${OWNER}:${OWNER_GROUP}`);
    }
    assertEquals(modes(`/run/systemd/system/lanco-${ns.name}.service`), "644 0:0");
    assert(!exists(`/var/lib/lanco/${ns.name}`));
  } else {
    assertEquals(modes(`${ns.directory}/usage`), "755 0:0");
    assertEquals(modes(`${ns.directory}/named/release_agent`), "644 0:0");
    assertEquals(modes(`${ns.directory}/named/notify_on_release`), "644 0:0");
    assertEquals(modes(`/var/lib/lanco/${ns.name}`), "755 0:0");
    assertEquals(modes(`/var/lib/lanco/${ns.name}/release-agent`), "755 0:0");
  }
  const record = JSON.parse(Deno.readTextFileSync(`${ns.directory}/namespace.json`));
  assertEquals(
    [record.version, record.uid, record.owner, record.keeper],
    [4, OWNER, OWNER_NAME, KEEPER],
  );
  return Promise.resolve();
});

cgroupTest("a second init changes nothing while tasks run", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .filter((line) => line.includes(ns.name));
  await ns.init();
  await ns.must("check", "a");
  assertEquals(
    Deno.readTextFileSync("/proc/self/mountinfo").split("\n").filter((line) =>
      line.includes(ns.name)
    ),
    mounts,
  );
});

cgroupTest("init with another owner is refused, and the message names the owner", async (ns) => {
  const { code, stderr } = await ns.lancoWith({ uid: 0 }, "init", "-u", String(STRANGER));
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /belongs to games:games: leave out -u and -g, or run "lanco .* release" first/,
  );
  assertEquals(modes(`${ns.directory}/named`), `755 ${OWNER}:${OWNER_GROUP}`);
  await ns.must("run", "a", "true");
});

cgroupTest("a namespace without its record cannot get another owner or group", async (ns) => {
  // As after an init that was killed.
  await ns.must("run", "a", "true");
  await ns.gone("a");
  const file = `${ns.directory}/namespace.json`;
  Deno.removeSync(file);
  const init = (...options: string[]) => ns.lancoWith({ uid: 0 }, "init", ...options);
  for (
    const options of [["-u", String(STRANGER)], ["-u", OWNER_NAME, "-g", "adm"], ["-g", "adm"]]
  ) {
    const { code, stderr } = await init(...options);
    assertEquals(code, 1, options.join(" "));
    assertMatch(stderr, /belongs to games:games: leave out -u and -g, or run "lanco .* release"/);
    assert(!exists(file));
  }
  assertEquals((await init()).code, 0);
  await ns.must("status", "a");
  Deno.removeSync(file);
  assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  assertEquals((await init("-u", String(STRANGER), "--keeper", KEEPER)).code, 0);
  const { code, stderr } = await ns.lancoWith({ uid: STRANGER }, "run", "a", "true");
  assertEquals([code, stderr], [0, ""]);
  await ns.gone("a");
});

cgroupTest("a namespace stays its owner's and group's when init is told neither", async (ns) => {
  const file = `${ns.directory}/namespace.json`;
  const init = (...options: string[]) => ns.lancoWith({ uid: 0 }, "init", ...options);
  assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  assertEquals((await init("-u", OWNER_NAME, "-g", "adm")).code, 0);
  await ns.must("run", "a", "sleep", "1000");
  const { uid, gid } = JSON.parse(Deno.readTextFileSync(file));
  for (const options of [[], ["-u", OWNER_NAME], ["-g", "adm"], ["--log-max", "1M"]]) {
    const { code, stderr } = await init(...options);
    assertEquals([code, stderr], [0, ""]);
    const record = JSON.parse(Deno.readTextFileSync(file));
    assertEquals([record.uid, record.gid, record.owner], [uid, gid, OWNER_NAME]);
  }
  assertEquals((await init("-g", OWNER_NAME)).code, 1);
  // Without its record what is mounted for the owner tells; else, whose it is, is not to be guessed.
  for (const damage of ["", "{"]) {
    Deno.writeTextFileSync(file, damage);
    assertEquals((await init()).code, 0);
    const record = JSON.parse(Deno.readTextFileSync(file));
    assertEquals([record.uid, record.gid, record.owner], [uid, gid, OWNER_NAME]);
  }
  await ns.must("check", "a");
  await ns.must("stop", "a");
  const mounts = ["runs", "usage"].map((name) => `${ns.directory}/${name}`).join(" ");
  await exec(["sh", "-c", `umount --lazy ${mounts}; rm ${file}`], { uid: 0 });
  const { code, stderr } = await init();
  assertEquals(code, 1);
  assertMatch(stderr, /has lost its record: say with -u and -g whose it is/);
  assertEquals((await init("-u", OWNER_NAME, "-g", "adm")).code, 0);
  await ns.must("run", "a", "true");
});

cgroupTest("several inits at once leave one complete namespace", async (ns) => {
  await ns.lancoWith({ uid: 0 }, "release");
  await Promise.all([ns.init(), ns.init(), ns.init()]);
  await ns.must("run", "a", "sleep", "1000");
  const tracker = KEEPER === "systemd" ? "unified" : "named";
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .filter((line) => line.includes(`${ns.directory}/${tracker} `));
  assertEquals(mounts.length, 1);
});

cgroupTest("a namespace keeps its keeper until it is released", async (ns) => {
  const other = KEEPER === "systemd" ? "named" : "systemd";
  const init = ["init", "-u", String(OWNER), "-g", String(OWNER_GROUP)];
  const { code, stderr } = await ns.lancoWith({ uid: 0 }, ...init, "--keeper", other);
  assertEquals(code, 1);
  // Where the other cannot be, that is what the message says.
  assertMatch(
    stderr,
    new RegExp(
      `is kept by ${KEEPER}: to have another keeper, run "lanco ${ns.name} release" first|${other} cannot be`,
    ),
  );
  const unknown = await ns.lancoWith({ uid: 0 }, ...init, "--keeper", "v1");
  assertEquals(unknown.code, 2);
  assertMatch(unknown.stderr, /option --keeper must be named or systemd, not "v1"/);
  // Also one that does not say which, and one after the record was lost or spoilt.
  const file = `${ns.directory}/namespace.json`;
  for (
    const damage of [() => {}, () => Deno.removeSync(file), () => Deno.writeTextFileSync(file, "{")]
  ) {
    damage();
    assertEquals((await ns.lancoWith({ uid: 0 }, ...init)).code, 0);
    assertEquals(JSON.parse(Deno.readTextFileSync(file)).keeper, KEEPER);
  }
  const { stdout } = await exec([LANCO, "namespaces", "-l"]);
  assertMatch(
    stdout,
    new RegExp(`^${ns.name} +${OWNER_NAME} +${OWNER_NAME} +${KEEPER} +0 +0 `, "m"),
  );
});

cgroupTest("init refuses invalid values, and leaves no file behind", async (ns) => {
  const fresh = `${ns.name}x`;
  const cases: [number, string[], number, RegExp][] = [
    [OWNER, ["-u", OWNER_NAME], 6, /only root may do this: run it with sudo/],
    [0, ["--records", "64K"], 2, /option --records needs at least 1M, not "64K"/],
    [0, ["--records", "0"], 2, /option --records needs at least 1M, not "0"/],
    [0, ["--records", "many"], 2, /option --records needs a size such as/],
    [
      0,
      ["--records", "1000T"],
      2,
      /option --records: 1000T is more than the \d+ bytes of memory of this host: give less/,
    ],
    [0, ["-u", "no-such-user"], 1, /unknown user "no-such-user"/],
    [0, ["-u", OWNER_NAME, "-g", "no-such-group"], 1, /unknown group "no-such-group"/],
  ];
  for (const [uid, args, status, text] of cases) {
    const { code, stderr } = await exec([LANCO, fresh, "init", ...args], { uid });
    assertEquals(code, status, stderr);
    assertMatch(stderr, text);
    assertEquals(stderr.trim().split("\n").length, 1);
  }
  assert(!exists(`/run/lanco/${fresh}`) && !exists(`/var/lib/lanco/${fresh}`));
  assert(!exists(`/var/log/lanco-${fresh}`));
});

cgroupTest("init -g gives the logs to the group, and a member may read them", async (ns) => {
  await ns.lancoWith({ uid: 0 }, "release");
  Deno.removeSync(ns.logs, { recursive: true });
  const init = await ns.lancoWith({ uid: 0 }, "init", "-u", OWNER_NAME, "-g", "adm");
  assertEquals([init.code, init.stderr], [0, ""]);
  await ns.must("run", "a", "echo", "hello");
  await ns.gone("a");
  const log = `${ns.logs}/task-a.log`;
  assertEquals(modes(log), `640 ${OWNER}:4`);
  assertEquals((await exec(["cat", log], { uid: STRANGER, groups: [4] })).stdout, "hello\n");
  assertEquals((await exec(["cat", log], { uid: STRANGER })).code, 1);
});
