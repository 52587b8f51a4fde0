import { assertEquals } from "@std/assert";
import { outcome } from "../src/state.ts";
import { cgroupTest, shell } from "./harness.ts";

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

Deno.test("outcome() says out of memory only of what was killed while memory was short", () => {
  assertEquals(short(undefined, 137, { oomKills: 1 }), ["out of memory", null, "SIGKILL"]);
  assertEquals(short(undefined, 137, { oomKills: 0 }), ["killed", null, "SIGKILL"]);
  assertEquals(short(undefined, 0, { oomKills: 1 }), ["exited", 0, null]);
});

Deno.test("outcome() does not guess what nobody has told", () => {
  assertEquals(outcome(undefined, undefined, null).why, "its shim was killed before it could tell");
  assertEquals(short(undefined, undefined, null), ["unknown", null, null]);
});

Deno.test("outcome() of a task that still has processes is that it runs", () => {
  assertEquals(short("running", undefined, null), ["running", null, null]);
  assertEquals(short("paused", 3, null), ["paused", 3, null]);
});

cgroupTest("what an owner has put in the place of a record keeps nobody waiting", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  for (const file of ["run.json", "ended", "stopped"]) {
    const path = `${ns.directory}/runs/a/${file}`;
    await shell(`rm -f ${path}; mkfifo ${path}`);
  }
  const root = (...args: string[]) => ns.lancoWith({ uid: 0 }, ...args);
  for (const command of [["status", "a"], ["dump"], ["ls", "-a"], ["stop", "--now", "a"]]) {
    const { code } = await root(...command);
    assertEquals([0, 1].includes(code), true, command.join(" "));
  }
  assertEquals((await root("ls")).code, 0);
  assertEquals((await root("top", "--once")).code, 0);
  await ns.lanco("stop", "--now", "a");
  await shell(`rm -rf ${ns.directory}/runs/a`);
});
