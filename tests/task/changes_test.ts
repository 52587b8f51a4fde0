import { assert } from "@std/assert";
import { Changes } from "../../src/task/changes.ts";

/** Returns how long a wait took, in milliseconds. */
async function timed(wait: Promise<void>): Promise<number> {
  const begin = performance.now();
  await wait;
  return performance.now() - begin;
}

Deno.test("next() wakes when a file is written, made or removed", async () => {
  const directory = Deno.makeTempDirSync();
  const changes = new Changes({ pulse: 60_000 });
  try {
    changes.watch(directory);
    for (
      const change of [
        () => Deno.writeTextFileSync(`${directory}/a`, "1"),
        () => Deno.renameSync(`${directory}/a`, `${directory}/b`),
        () => Deno.removeSync(`${directory}/b`),
      ]
    ) {
      const waiting = timed(changes.next());
      change();
      assert(await waiting < 20_000);
      // One change of a file may be reported several times.
      await changes.next(50);
    }
  } finally {
    changes.close();
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("next() returns at once after a change that came before the call", async () => {
  const file = Deno.makeTempFileSync();
  const changes = new Changes({ pulse: 60_000 });
  try {
    changes.watch(file);
    Deno.writeTextFileSync(file, "1");
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert(await timed(changes.next()) < 20_000);
  } finally {
    changes.close();
    Deno.removeSync(file);
  }
});

Deno.test("next() returns without a change after the pulse, or after a shorter time that is given", async () => {
  const changes = new Changes({ pulse: 100, poll: 100 });
  assert(await timed(changes.next()) >= 95);
  assert(await timed(changes.next(5)) < 95);
  changes.close();
});

Deno.test("next() polls if a file cannot be watched", async () => {
  const changes = new Changes({ pulse: 60_000, poll: 20 });
  changes.watch("/no/such/file");
  assert(await timed(changes.next()) < 20_000);
  changes.close();
});
