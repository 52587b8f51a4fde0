import { assertEquals } from "@std/assert";
import { fate } from "../../src/logs/run_log.ts";

const log = { dev: 1, ino: 7, birth: null, size: 0 };

Deno.test("fate() takes a log for removed if a later run has made a file with its inode number", () => {
  assertEquals(fate(log, []), "own");
  assertEquals(fate(log, [{ ...log, ino: 8 }, { ...log, dev: 2 }]), "own");
  assertEquals(fate(log, [{ ...log, size: 5 }]), "shared");
  assertEquals(fate(log, [{ ...log, size: 5 }, log]), "removed");
});

Deno.test("fate() tells two files with one inode number apart by the times when they were made", () => {
  const born = { ...log, birth: 1000 };
  assertEquals(fate(born, [{ ...born, birth: 2000 }]), "own");
  assertEquals(fate(born, [born]), "shared");
});

Deno.test("fate() takes a log that was not empty at the start of a run for one of others, too", () => {
  assertEquals(fate({ ...log, size: 5 }, []), "shared");
});
