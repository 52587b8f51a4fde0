import { assertEquals } from "@std/assert";
import { liftProcessLimit } from "../../src/launch/set_limits.ts";
import { readNamespace } from "../../src/namespace/namespace.ts";
import { registeredInode } from "../../src/task/task.ts";
import { cgroupTest } from "../harness.ts";

cgroupTest("a launch that has failed lifts the limit of no other run", async (ns) => {
  await ns.must("run", "--pids", "50", "a", "sleep", "1000");
  const namespace = readNamespace(ns.name);
  const inode = registeredInode(ns.name, "a") ?? 0;
  const limit = async () => (await ns.must("limit", "a")).trim();
  liftProcessLimit(namespace, "a", inode + 1);
  assertEquals(await limit(), "a: --pids 50");
  liftProcessLimit(namespace, "a", inode);
  assertEquals((await limit()).includes("--pids"), false);
  liftProcessLimit(namespace, "b", inode);
});
