/**
 * What root does where systemd keeps a namespace. It needs a host with systemd:
 * "scripts/container_test trixie tests/container/unit.ts".
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { lives } from "../harness.ts";
import { OWNER, shell, STRANGER } from "../programs.ts";
import {
  asRoot,
  cgroupOf,
  downIfAny,
  exists,
  must,
  Unit,
  unitTest,
  withProcess,
} from "./unit_namespace.ts";

unitTest("systemd moves the owner's process into the unit, and within it he does", async (unit) => {
  must(await shell(`mkdir ${unit.unified}/task-a`));
  await withProcess(OWNER, async (pid) => {
    must(await unit.attach("/shims", [pid]));
    assertEquals(cgroupOf(pid, unit), "/shims");
    must(await shell(`echo ${pid} >${unit.unified}/task-a/cgroup.procs`));
    assertEquals(cgroupOf(pid, unit), "/task-a");
  });
  // By the name at which callers look.
  must(await shell(`rmdir ${unit.directory}/named/task-a`));
});

unitTest(
  "systemd moves nothing for anybody but what is his and goes to what is his",
  async (unit) => {
    const other = new Unit();
    must(await other.up(STRANGER));
    try {
      await withProcess(
        OWNER,
        (own) =>
          withProcess(STRANGER, (foreign) =>
            withProcess(0, async (roots) => {
              const before = [own, foreign, roots].map((pid) => cgroupOf(pid, unit));
              const forged: [string, number[], number, string][] = [
                ["/shims", [foreign], OWNER, unit.unit],
                ["/shims", [roots], OWNER, unit.unit],
                ["/shims", [1], OWNER, unit.unit],
                ["/shims", [own, foreign], OWNER, unit.unit],
                ["/shims", [own], OWNER, other.unit],
                ["/shims", [own], STRANGER, unit.unit],
                ["/shims", [foreign], STRANGER, unit.unit],
                ["/../../init.scope", [own], OWNER, unit.unit],
                ["/shims/../..", [own], OWNER, unit.unit],
                ["shims", [own], OWNER, unit.unit],
                ["/none", [own], OWNER, unit.unit],
                ["", [own], OWNER, "init.scope"],
                ["", [own], OWNER, "dbus.service"],
              ];
              for (const [path, pids, uid, target] of forged) {
                const { code, stderr } = await unit.attach(path, pids, uid, target);
                assertEquals(code, 1, `${path} ${pids} by ${uid} into ${target}`);
                assertMatch(stderr, /^Call failed: /);
                assertEquals([own, foreign, roots].map((pid) => cgroupOf(pid, unit)), before);
              }
            })),
      );
    } finally {
      must(await other.down());
    }
  },
);

unitTest(
  "the owner may write nothing of the unit's cgroup but what moves and ends his own",
  async (unit) => {
    const { stdout } = await shell(`find ${unit.unified} -maxdepth 1 -type f -writable`);
    assertEquals(stdout.trim().split("\n"), [`${unit.unified}/cgroup.procs`]);
    await withProcess(OWNER, async (pid) => {
      for (const place of ["", "/init.scope", "/system.slice", "/system.slice/dbus.service"]) {
        const { code } = await shell(`echo ${pid} >/sys/fs/cgroup${place}/cgroup.procs`);
        assert(code !== 0, place);
      }
    });
  },
);

unitTest("systemd starts nothing with the group of the namespace", async (unit) => {
  // That of init -g is for reading.
  assertEquals(await unit.show("Group"), "");
});

unitTest("an empty unit outlasts what an administrator and an upgrade do", async (unit) => {
  for (const verb of ["daemon-reload", "daemon-reexec"]) must(await asRoot(["systemctl", verb]));
  for (const verb of ["stop", "restart"]) {
    const { code, stderr } = await asRoot(["systemctl", verb, unit.unit]);
    assert(code !== 0);
    assertMatch(stderr, /Operation refused/);
  }
  must(await asRoot(["systemctl", "daemon-reload"]));
  assertEquals(await unit.show("ActiveState"), "active");
  await withProcess(OWNER, async (pid) => must(await unit.attach("/shims", [pid])));
  assertEquals(Deno.readTextFileSync(`${unit.cgroup}/cgroup.max.depth`), "12\n");
});

unitTest("init again changes nothing while a process is there", async (unit) => {
  await withProcess(OWNER, async (pid) => {
    must(await unit.attach("/shims", [pid]));
    const { ino } = Deno.statSync(unit.unified);
    must(await unit.up());
    assertEquals(Deno.statSync(unit.unified).ino, ino);
    assertEquals(cgroupOf(pid, unit), "/shims");
  });
});

unitTest("init repairs whatever was removed by hand", async (unit) => {
  const damage = [
    `rm ${unit.file} && systemctl daemon-reload`,
    `umount ${unit.unified}`,
    `rmdir ${unit.cgroup}/shims`,
    `rmdir ${unit.cgroup}/shims ${unit.cgroup}`,
    `rm ${unit.directory}/named`,
    `chown -R 0:0 ${unit.cgroup}`,
    // Stopped all the same.
    `sed -i /^RefuseManualStop/d ${unit.file} && systemctl daemon-reload && systemctl stop ${unit.unit}`,
  ];
  for (const line of damage) {
    must(await asRoot(["sh", "-c", line]));
    must(await unit.up());
    await withProcess(OWNER, async (pid) => {
      const { stderr } = await unit.attach("/shims", [pid]);
      assertEquals(stderr, "", line);
      must(
        await shell(
          `mkdir ${unit.directory}/named/task-a && echo ${pid} >${unit.unified}/task-a/cgroup.procs`,
        ),
      );
      assertEquals(cgroupOf(pid, unit), "/task-a", line);
    });
    must(await shell(`rmdir ${unit.unified}/task-a`));
  }
});

unitTest("limits are properties of the unit, and init again changes those given", async (unit) => {
  // Where no controller is, systemd takes them nevertheless: what init asks is tried elsewhere.
  const set = (...properties: string[]) =>
    asRoot(["systemctl", "set-property", "--runtime", unit.unit, ...properties]);
  const shown = () =>
    Promise.all(["MemoryMax", "TasksMax", "CPUQuotaPerSecUSec"].map((p) => unit.show(p)));
  must(await set("MemoryMax=1000001536", "TasksMax=100", "CPUQuota=150.50%"));
  assertEquals(await shown(), ["1000001536", "100", "1.505000s"]);
  must(await unit.up());
  must(await asRoot(["systemctl", "daemon-reload"]));
  const [memory, pids, cpus] = await shown();
  assertEquals([memory, pids], ["1000001536", "100"]);
  // Version 252 reads it anew from a file where it has written whole percents, rounded down.
  assert(cpus === "1.505000s" || cpus === "1.500000s", cpus);
  must(await set("CPUQuota=", "TasksMax=infinity"));
  assertEquals(await shown(), ["1000001536", "infinity", "infinity"]);
  must(await unit.down());
  must(await unit.up());
  assertEquals(await shown(), ["infinity", "infinity", "infinity"]);
});

unitTest(
  "release refuses while a process is there, and takes nothing from its owner",
  async (unit) => {
    await withProcess(OWNER, async (pid) => {
      must(await unit.attach("/shims", [pid]));
      for (const place of ["shims/task-a", "exit-1-a", "task-a"]) {
        const own = `${unit.unified}/${place}`;
        must(await shell(`mkdir ${own} && echo ${pid} >${own}/cgroup.procs`));
        const { code, stderr } = await unit.down();
        assertEquals(code, 4);
        assertMatch(stderr, new RegExp(`is in use, by ${pid} sleep: `));
      }
      must(
        await shell(
          `mkdir ${unit.unified}/task-b && echo ${pid} >${unit.unified}/task-b/cgroup.procs`,
        ),
      );
      assertEquals(cgroupOf(pid, unit), "/task-b");
    });
  },
);

unitTest("release ends what belongs to no task, such as the shim pool of a batch", async (unit) => {
  await withProcess(OWNER, async (pid) => {
    must(await unit.attach("/shims", [pid]));
    must(await unit.down());
    assert(!lives(pid));
    must(await unit.up());
  });
});

unitTest("release removes what the owner has made, however deep", async (unit) => {
  must(await shell(`cd ${unit.unified} && mkdir -p a/b/c/d/e/f/g/h/i/j && mkdir $(seq 300)`));
});

Deno.test("init of a user who is not in passwd names him", async () => {
  const unit = new Unit();
  const { code, stderr } = await unit.up(4242);
  assertEquals(code, 1);
  assertMatch(stderr, /^systemd starts nothing for the user 4242, who is not in passwd: /);
  await downIfAny(unit);
});

for (
  const [what, make] of [
    ["of the administrator's", "printf '[Service]\\nExecStart=/bin/true\\n' >$etc"],
    ["that is masked", "ln -s /dev/null $etc"],
    ["below /run", "printf '[Service]\\nExecStart=/bin/true\\n' >$run"],
  ]
) {
  Deno.test(`a unit ${what} with the name of a namespace's is left alone`, async () => {
    const unit = new Unit();
    const etc = `/etc/systemd/system/${unit.unit}`;
    const files = `etc=${etc} run=${unit.file}`;
    must(await asRoot(["sh", "-c", `${files}; ${make}; systemctl daemon-reload`]));
    const { code, stderr } = await unit.up();
    assertEquals(code, 1);
    assertMatch(stderr, /^there is a unit \S+ already, of another's \(\/\S+\): /);
    await downIfAny(unit);
    assert(exists(etc) || exists(unit.file));
    must(await asRoot(["sh", "-c", `${files}; rm -f $etc $run; systemctl daemon-reload`]));
    assertEquals(await unit.traces(), []);
  });
}

for (const reload of ["true", "systemctl daemon-reload"]) {
  unitTest(`release goes on without the file of the unit, after "${reload}"`, async (unit) => {
    must(await asRoot(["sh", "-c", `rm ${unit.file}; ${reload}`]));
  });
}
