import { assertEquals } from "@std/assert";
import { type Entry, journalFile, JournalReader, writeEntry } from "../../src/task/journal.ts";
import { cgroupTest } from "../harness.ts";

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
