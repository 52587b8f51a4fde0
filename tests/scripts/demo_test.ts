import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, exec, exists } from "../harness.ts";

const DEMO = new URL("../../scripts/demo", import.meta.url).pathname;

cgroupTest("scripts/demo plays the story as printed, and leaves nothing", async (ns) => {
  const name = `${ns.name}-demo`;
  const { code, stdout, stderr } = await exec([DEMO, name], { uid: 0 });
  assertEquals(code, 0, `${stdout}${stderr}`);
  const story = [
    `$ sudo lanco ${name} init -u nobody -g nogroup`,
    `$ lanco ${name} run first-task openssl speed aes`,
    `$ lanco ${name} check first-task && echo 'Still running'`,
    "Still running",
    `$ lanco ${name} ls`,
    "openssl speed aes",
    `$ lanco ${name} run first-task openssl speed aes`,
    "task first-task is already running",
    "(exit status 4)",
    `$ lanco ${name} stop first-task`,
    `$ lanco ${name} stop second-task`,
    "task second-task is not running",
    "(exit status 3)",
    `$ lanco ${name} stop second-task`,
    `$ lanco ${name} check second-task || echo 'Killed!'`,
    "Killed!",
    `$ sudo lanco ${name} release`,
  ];
  let from = 0;
  for (const part of story) {
    const at = stdout.indexOf(part, from);
    assert(at >= 0, `"${part}" is missing in:\n${stdout}`);
    from = at + part.length;
  }
  assert(!exists(`/run/lanco/${name}`) && !exists(`/var/log/lanco-${name}`));
  await ns.must("run", "a", "sleep", "1000");
});

cgroupTest("scripts/demo touches no namespace that is there already", async (ns) => {
  await ns.must("run", "first-task", "sleep", "1000");
  const { code, stderr } = await exec([DEMO, ns.name], { uid: 0 });
  assertEquals(code, 1);
  assertMatch(stderr, /demo: there is a namespace .* already: remove it with .* or name another/);
  await ns.must("check", "first-task");
});
