import { assertEquals } from "@std/assert";
import { outcome } from "../../src/task/state.ts";
import { cgroupTest, OWNER, shell } from "../harness.ts";

const short = (...args: Parameters<typeof outcome>) => {
  const { state, code, signal } = outcome(...args);
  return [state, code, signal];
};

Deno.test("outcome() tells exit statuses from signals as a shell does", () => {
  assertEquals(short(undefined, 0, null), ["exited", 0, null]);
  assertEquals(short(undefined, 127, null), ["exited", 127, null]);
  assertEquals(short(undefined, 143, null), ["killed", null, "SIGTERM"]);
  assertEquals(short(undefined, 255, null), ["exited", 255, null]);
});

Deno.test("outcome() is out of memory only if the task was killed and the kernel has killed for memory", () => {
  assertEquals(short(undefined, 137, { oomKills: 1 }), ["out of memory", null, "SIGKILL"]);
  assertEquals(short(undefined, 137, { oomKills: 0 }), ["killed", null, "SIGKILL"]);
  assertEquals(short(undefined, 0, { oomKills: 1 }), ["exited", 0, null]);
});

Deno.test("outcome() is unknown without an exit status", () => {
  assertEquals(outcome(undefined, undefined, null).why, "its shim was killed before it could tell");
  assertEquals(short(undefined, undefined, null), ["unknown", null, null]);
});

Deno.test("outcome() of a task that still has processes is running", () => {
  assertEquals(short("running", undefined, null), ["running", null, null]);
  assertEquals(short("paused", 3, null), ["paused", 3, null]);
});

cgroupTest("a file of any kind in the place of a record keeps no reader waiting", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  for (const file of ["run.json", "status", "pauses", "stopped"]) {
    const path = `${ns.runDirectory("a")}/${file}`;
    await shell(`rm -f ${path}; mkfifo ${path}`);
  }
  const root = (...args: string[]) => ns.lancoWith({ uid: 0 }, ...args);
  for (const command of [["status", "a"], ["dump"], ["ls", "-a"], ["stop", "--now", "a"]]) {
    const { code } = await root(...command);
    assertEquals(code, 0, command.join(" "));
  }
  assertEquals((await root("ls")).code, 0);
  assertEquals((await root("top", "--once")).code, 0);
  await ns.lanco("stop", "--now", "a");
  await shell(`rm -rf ${ns.runDirectory("a")}`);
});

cgroupTest(
  "a file of any kind in the place of a record hides nothing but this record",
  async (ns) => {
    await ns.must("run", "good", "sleep", "1000");
    const targets = ["self", "/etc/shadow", "/proc/1/environ", "/etc/passwd/x", "x".repeat(300)];
    targets.push("/dev/zero", "/etc", "/sys/kernel/notes");
    for (const [i, target] of targets.entries()) {
      await ns.must("run", `a${i}`, "sleep", "1000");
      const files = ["status", "pauses", "stopped"].map((file) =>
        `${ns.runDirectory(`a${i}`)}/${file}`
      );
      for (const file of files) {
        await shell(`rm -f ${file}; ln -s ${target === "self" ? file : target} ${file}`);
      }
    }
    await ns.must("run", "b", "sleep", "1000");
    const b = ns.runDirectory("b");
    await shell(`rm -r ${b}; ln -s /etc ${b}`);
    await ns.must("run", "c", "sleep", "1000");
    const c = ns.runDirectory("c");
    await shell(`rm -r ${c}; touch ${c}`);
    for (const uid of [0, OWNER]) {
      const { code, stdout, stderr } = await ns.lancoWith({ uid }, "dump");
      if (code !== 0) throw new Error(stderr);
      const { tasks } = JSON.parse(stdout);
      assertEquals([code, Object.keys(tasks).length], [0, targets.length + 3]);
      assertEquals((await ns.lancoWith({ uid }, "ls", "-a")).code, 0);
    }
    await ns.lanco("stop", "--now", "good", "b", "c", ...targets.map((_, i) => `a${i}`));
    await shell(`rm -rf ${ns.directory}/runs/*`);
  },
);
