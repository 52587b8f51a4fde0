import { assertEquals } from "@std/assert";
import { type Entry, journalFile, JournalReader, writeEntry } from "../../src/task/journal.ts";
import { cgroupTest } from "../harness.ts";
import { before } from "./before.ts";

/** The start of a run, as it is written down. */
function start(run: number): Entry {
  return { what: "start", run, task: "a", at: run };
}

cgroupTest(
  "a journal that was replaced twice between two looks is read all the same",
  async (ns) => {
    const path = journalFile(ns.name);
    const renew = () => Deno.renameSync(path, `${path}.old`);
    writeEntry(ns.name, start(1));
    const reader = new JournalReader(ns.name);
    for (const run of [2, 3, 4]) {
      writeEntry(ns.name, start(run));
      if (run < 4) renew();
    }
    assertEquals(reader.read(), [2, 3, 4].map(start));
    // And nothing twice, also not what was there before there was anybody to read it.
    renew();
    writeEntry(ns.name, start(5));
    assertEquals(reader.read(), [start(5)]);
    reader.close();
    renew();
    const late = new JournalReader(ns.name);
    writeEntry(ns.name, start(6));
    assertEquals(late.read(), [start(6)]);
    late.close();
    await ns.must("ls");
  },
);

cgroupTest("a journal that is too long is put aside by one, and by no second", async (ns) => {
  const path = journalFile(ns.name);
  const inode = () => Deno.statSync(path).ino;
  writeEntry(ns.name, start(1));
  const first = inode();
  Deno.truncateSync(path, 2 ** 20);
  {
    // As one that finds it too long at the same moment, and is about to rename it.
    using other = Deno.openSync(path);
    other.lockSync(true);
    writeEntry(ns.name, start(2));
    assertEquals(inode(), first);
    // Whoever may read it cannot keep it for ever.
    Deno.truncateSync(path, 2 ** 22);
    writeEntry(ns.name, start(3));
    assertEquals(Deno.statSync(`${path}.old`).ino, first);
  }
  writeEntry(ns.name, start(4));
  Deno.truncateSync(path, 2 ** 20);
  const second = inode();
  writeEntry(ns.name, start(5));
  assertEquals(Deno.statSync(`${path}.old`).ino, second);
  // The shim finds one, and need not make it with the umask of its task.
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o640);
  await ns.must("ls");
});

cgroupTest("a journal that another has put aside meanwhile is not put aside again", async (ns) => {
  const path = journalFile(ns.name);
  const inode = () => Deno.statSync(path).ino;
  writeEntry(ns.name, start(1));
  const first = inode();
  Deno.truncateSync(path, 2 ** 20);
  let second: number | null = null;
  // Another is done with it when this one gets the lock.
  using _ = before(Deno.FsFile.prototype, "tryLockSync", () => {
    Deno.renameSync(path, `${path}.old`);
    writeEntry(ns.name, start(3));
    second = inode();
  });
  writeEntry(ns.name, start(2));
  assertEquals([inode(), Deno.statSync(`${path}.old`).ino], [second, first]);
  assertEquals(second === null || second === first, false);
  await ns.must("ls");
});

cgroupTest("a journal that is put aside while the reader looks for it is read", (ns) => {
  const path = journalFile(ns.name);
  const renew = () => Deno.renameSync(path, `${path}.old`);
  writeEntry(ns.name, start(1));
  const reader = new JournalReader(ns.name);
  renew();
  writeEntry(ns.name, start(2));
  // The reader has found the first under the old name, and is about to open the second.
  using _ = before(Deno, "openSync", () => {
    renew();
    writeEntry(ns.name, start(3));
  }, (file) => file === path);
  assertEquals(reader.read(), [start(2), start(3)]);
  reader.close();
  return Promise.resolve();
});
