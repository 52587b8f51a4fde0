import { assert, assertEquals } from "@std/assert";
import { cgroupTest, exec, exists } from "../harness.ts";

const PICTURE = new URL("../../scripts/picture", import.meta.url).pathname;

cgroupTest("scripts/picture draws what top shows, and leaves nothing", async (ns) => {
  const [name, file] = [`${ns.name}-web`, `${ns.scratch}/top.svg`];
  const { code, stdout, stderr } = await exec([PICTURE, file, name], { uid: 0 });
  assertEquals([code, stdout], [0, `picture: drawn: ${file}\n`], stderr);
  const text = Deno.readTextFileSync(file).replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
  for (const task of ["import", "export", "agent-4711", "nightly"]) {
    assert(text.includes(task), `${task} is missing in:\n${text}`);
  }
  assert(!exists(`/run/lanco/${name}`) && !exists(`/var/log/lanco-${name}`));
});
