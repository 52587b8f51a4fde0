/**
 * What happens to systemd and its bus, of which a host has one each: these tests run with no others
 * beside them (scripts/container_test).
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  cgroupTest,
  exec,
  exists,
  messages,
  start,
  type TestNamespace,
  until,
} from "../harness.ts";
import { asRoot, must, unitTest } from "./unit_namespace.ts";

/** What a launch says that has failed, which must be one message. */
function whyOf(stderr: string): string {
  const [{ text } = { text: "" }, ...more] = messages(stderr);
  assertEquals(more, [], stderr);
  return text;
}

/** A launch fails with a message and leaves nothing; who looks and who stops needs no bus. */
async function isRefused(ns: TestNamespace, why: RegExp): Promise<void> {
  const before = ns.traces();
  const { code, stderr } = await ns.lanco("run", "-c", "true", "a", "sleep", "1000");
  assertEquals(code, 1, stderr);
  assertMatch(whyOf(stderr), why);
  assertEquals(ns.traces(), before);
  assertEquals((await ns.lanco("check", "a")).code, 3);
  await ns.must("check", "other");
  await ns.must("status", "other");
}

cgroupTest("without dbus a run says so, and all else goes on", async (ns) => {
  for (const task of ["other", "b"]) await ns.must("run", task, "sleep", "1000");
  must(await asRoot(["systemctl", "stop", "dbus.socket", "dbus.service"]));
  try {
    await isRefused(
      ns,
      /^systemd cannot be asked to move the task .*: give the caller's unit the system bus/,
    );
    await ns.must("stop", "b");
    await ns.gone("b");
  } finally {
    must(await asRoot(["systemctl", "start", "dbus.socket", "dbus.service"]));
  }
  await ns.must("run", "a", "true");
  await ns.gone("a");
});

cgroupTest("a run waits for a dbus that is just being started", async (ns) => {
  must(await asRoot(["systemctl", "stop", "dbus.socket", "dbus.service"]));
  const run = ns.lanco("run", "a", "sleep", "1000");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  must(await asRoot(["systemctl", "start", "dbus.socket", "dbus.service"]));
  assertEquals(await run, { code: 0, stdout: "", stderr: "" });
});

cgroupTest("runs go on while systemd reloads, or is executed anew", async (ns) => {
  let over = false;
  const reload = async () => {
    while (!over) {
      for (const verb of ["daemon-reload", "daemon-reexec"]) {
        must(await asRoot(["systemctl", verb]));
        // Where processors are scarce systemd would answer nothing else.
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  };
  const reloading = reload();
  reloading.catch(() => {});
  try {
    for (let i = 0; i < 10; i++) {
      assertEquals(await ns.lanco("run", `a${i}`, "sleep", "1000"), {
        code: 0,
        stdout: "",
        stderr: "",
      });
    }
  } finally {
    over = true;
    await reloading;
  }
  for (let i = 0; i < 10; i++) await ns.must("check", `a${i}`);
});

unitTest("init and release go on while systemd and dbus are executed anew", async (unit) => {
  let over = false;
  const upgrade = async () => {
    must(await asRoot(["systemctl", "restart", "dbus.service"]));
    while (!over) {
      must(await asRoot(["systemctl", "daemon-reexec"]));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const upgrading = upgrade();
  upgrading.catch(() => {});
  try {
    for (let i = 0; i < 5; i++) {
      must(await unit.down());
      must(await unit.up());
    }
  } finally {
    over = true;
    await upgrading;
  }
});

/** Holds connections to the system bus as the owner, as many as dbus lets it have, until it is stopped. */
const HOLD = `import os, socket, struct, time

def field(code, kind, text):
    return bytes([code, 1]) + kind + b"\\0" + struct.pack("<I", len(text)) + text + b"\\0"

def padded(data):
    return data + bytes(-len(data) % 8)

bus = b"org.freedesktop.DBus"
fields = padded(field(1, b"o", b"/org/freedesktop/DBus")) + padded(field(6, b"s", bus))
fields += padded(field(2, b"s", bus)) + field(3, b"s", b"Hello")
hello = padded(b"l\\1\\0\\1" + struct.pack("<III", 0, 1, len(fields)) + fields)
held = []
try:
    while True:
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect("/run/dbus/system_bus_socket")
        s.sendall(b"\\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\\r\\n")
        if not s.recv(100).startswith(b"OK"): break
        s.sendall(b"BEGIN\\r\\n" + hello)
        if b"Error" in (s.recv(1000) or b"Error"): break
        held.append(s)
except OSError:
    pass
print(len(held), flush=True)
time.sleep(1000)`;

cgroupTest(
  "an owner who has all connections to the bus is told so, and launches when some are free",
  async (ns) => {
    await ns.must("run", "other", "sleep", "1000");
    const out = `${ns.scratch}/held`;
    const holder = start(["sh", "-c", `exec python3 -c "$1" >"$2"`, "sh", HOLD, out]);
    try {
      await until("it has all", () => exists(out) && Deno.readTextFileSync(out) !== "", 60_000);
      assert(Number(Deno.readTextFileSync(out)) > 100, Deno.readTextFileSync(out));
      await isRefused(ns, /^systemd cannot be asked to move the task/);
      const run = ns.lanco("run", "a", "sleep", "1000");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      holder.kill("SIGKILL");
      await holder.status;
      assertEquals(await run, { code: 0, stdout: "", stderr: "" });
    } finally {
      try {
        holder.kill("SIGKILL");
      } catch { /* it has ended */ }
      await holder.status;
    }
  },
);

for (
  const [what, damage, isWorking] of [
    ["the file of the unit was removed", "rm $file", true],
    [
      "the file of the unit was removed and systemd reloaded",
      "rm $file; systemctl daemon-reload",
      false,
    ],
    [
      "the unit was stopped",
      "sed -i /^RefuseManualStop/d $file; systemctl daemon-reload; systemctl stop $unit",
      false,
    ],
    [
      "the cgroup was removed",
      "find $cgroup -depth -mindepth 1 -type d -delete; rmdir $cgroup",
      false,
    ],
  ] as const
) {
  cgroupTest(`after ${what}, no answer is wrong, and init repairs it`, async (ns) => {
    const unit = `lanco-${ns.name}.service`;
    const where =
      `unit=${unit} file=/run/systemd/system/${unit} cgroup=/sys/fs/cgroup/system.slice/${unit}`;
    must(await exec(["sh", "-c", `${where}; ${damage}`], { uid: 0 }));
    const { code, stderr } = await ns.lanco("run", "a", "sleep", "1000");
    if (isWorking) assertEquals([code, stderr], [0, ""]);
    else {
      assertEquals(code, 1, stderr);
      assertMatch(whyOf(stderr), /run "sudo lanco \S+ init/);
      const { code: check } = await ns.lanco("check", "a");
      assert(check === 1 || check === 3, `check ${check}`);
    }
    await ns.init();
    if (isWorking) await ns.must("stop", "a");
    await ns.must("run", "a", "sleep", "1000");
    await ns.must("check", "a");
    await ns.must("stop", "a");
    assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  });
}
