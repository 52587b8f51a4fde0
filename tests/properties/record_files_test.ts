import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BadRecord, readRecord } from "../../src/task/record_file.ts";
import { property, unless } from "./property.ts";

const directory = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: "binary", maxLength: 100 }).map((text) => new TextEncoder().encode(text)),
  fc.integer({ min: 3990, max: 4200 }).map((length) => new Uint8Array(length).fill(0x61)),
);

property(
  "readRecord() reads all of a file up to its limit, and nothing of a longer one",
  fc.tuple(bytes, fc.oneof(fc.nat(400), fc.integer({ min: 4000, max: 4200 }))),
  ([content, longest]) => {
    const file = `${directory}/record`;
    Deno.writeFileSync(file, content);
    const text = unless([BadRecord], () => readRecord(file, longest));
    assertEquals(text, content.length > longest ? undefined : new TextDecoder().decode(content));
  },
);

/** What an owner may put in the place of a record, by what makes it. */
const PLACES: Record<string, (path: string) => void> = {
  directory: (path) => Deno.mkdirSync(path),
  "link to a device": (path) => Deno.symlinkSync("/dev/zero", path),
  "link to a directory": (path) => Deno.symlinkSync("/proc/self/fd", path),
  "link to itself": (path) => Deno.symlinkSync(path, path),
  "link through a file": (path) => Deno.symlinkSync("/etc/passwd/x", path),
  "link to a name that is too long": (path) => Deno.symlinkSync("x".repeat(300), path),
  fifo: (path) => {
    new Deno.Command("/usr/bin/mkfifo", { args: [path], cwd: "/" }).outputSync();
  },
};

for (const [what, make] of Object.entries(PLACES)) {
  Deno.test(`readRecord() refuses a ${what}, and waits for nobody`, () => {
    const path = `${directory}/${what}`;
    make(path);
    assertThrows(() => readRecord(path), BadRecord);
  });
}
