import { assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, LANCO, shell, until } from "./harness.ts";

cgroupTest("the story of the original article comes out as it was written", async (ns) => {
  const bin = LANCO.replace(/\/lanco$/, "");
  const play = async (line: string) => {
    const { stdout, stderr } = await shell(`PATH=${bin}:$PATH; ${line}`);
    return (stdout + stderr).replaceAll(ns.name, "testns");
  };
  const lanco = `lanco ${ns.name}`;

  // Of a program that has yet to be read from a slow disk, the kernel shows no command line at first.
  await shell("openssl version");
  assertEquals(await play(`${lanco} run first-task openssl speed aes`), "");
  assertEquals(
    await play(`${lanco} check first-task && echo "Still running"`),
    "Still running\n",
  );
  const [pid] = ns.task("first-task");
  assertEquals(
    await play(`${lanco} ls`),
    `testns\n ├ first-task\n │  → ${String(pid).padStart(5)} openssl speed aes \n ╯\n`,
  );
  await until("openssl has written", () => ns.log("first-task") !== "");
  assertMatch(await play(`head -3 ${ns.logs}/task-first-task.log`), /^Doing aes-128/);
  assertMatch(
    await play(`${lanco} run first-task openssl speed aes`),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d \[WARN\/run\] task first-task is already running\n$/,
  );
  assertEquals(await play(`${lanco} stop first-task`), "");
  assertMatch(
    await play(`${lanco} stop second-task`),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d \[WARN\/stop\] task second-task is not running\n$/,
  );
  const storm = `sh -c "while true; do (sleep 30 &)& sleep 1; done"`;
  assertEquals(await play(`${lanco} run second-task ${storm}`), "");
  await until("it has forked", () => ns.task("second-task").length > 3);
  assertEquals(await play(`${lanco} stop second-task`), "");
  assertEquals(await play(`${lanco} check second-task || echo "Killed!"`), "Killed!\n");
  assertEquals(await play(`${lanco} ls`), "testns\n ╯\n");
});
