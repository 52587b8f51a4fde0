import { assertEquals, assertThrows } from "@std/assert";
import { keptFile } from "../../src/task/kept_file.ts";
import { BadRecord } from "../../src/task/record_file.ts";

/** When all files of these tests were changed. */
const THEN = new Date("2026-01-01");

/** Reads files whose texts are lists of words, and counts how often one is parsed. */
function reader() {
  const parsed = { times: 0 };
  const read = keptFile(100, (text) => {
    parsed.times++;
    if (text.includes("bad")) throw new BadRecord("it is bad");
    return text.split(" ");
  });
  return { read, parsed };
}

/** Has a test use a directory of its own. */
function fileTest(name: string, test: (path: string) => void): void {
  Deno.test(name, () => {
    const directory = Deno.makeTempDirSync();
    try {
      test(`${directory}/file`);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

function write(path: string, text: string, when = THEN): void {
  Deno.writeTextFileSync(path, text);
  Deno.utimeSync(path, when, when);
}

fileTest("a file that has not changed is parsed once", (path) => {
  const { read, parsed } = reader();
  write(path, "one two");
  for (let i = 0; i < 3; i++) assertEquals(read(path), ["one", "two"]);
  assertEquals(parsed.times, 1);
});

/** What may become of a file whose text is "one two", and what is read afterwards. */
const CHANGES: Record<string, [change: (path: string) => void, then: string[] | undefined]> = {
  "is appended to": [(path) => {
    Deno.writeTextFileSync(path, " three", { append: true });
    Deno.utimeSync(path, THEN, THEN);
  }, ["one", "two", "three"]],
  "is written anew with as many bytes": [
    (path) => write(path, "six ten", new Date(THEN.getTime() + 1)),
    ["six", "ten"],
  ],
  "is replaced by one of that time with as many bytes": [(path) => {
    write(`${path}.new`, "six ten");
    Deno.renameSync(`${path}.new`, path);
  }, ["six", "ten"]],
  "is removed": [(path) => Deno.removeSync(path), undefined],
  "is removed with its directory": [
    (path) => Deno.removeSync(path.slice(0, -"/file".length), { recursive: true }),
    undefined,
  ],
};

for (const [how, [change, then]] of Object.entries(CHANGES)) {
  fileTest(`a file that ${how} is read as it is`, (path) => {
    const { read } = reader();
    write(path, "one two");
    assertEquals(read(path), ["one", "two"]);
    change(path);
    assertEquals(read(path), then);
    assertEquals(read(path), then);
    // The temporary directory is removed at the end.
    Deno.mkdirSync(path.slice(0, -"/file".length), { recursive: true });
  });
}

fileTest(
  "a file that becomes a bad one is refused each time, and read when it is good again",
  (path) => {
    const { read } = reader();
    write(path, "one two");
    read(path);
    write(path, "bad", new Date());
    for (let i = 0; i < 2; i++) assertThrows(() => read(path), BadRecord, "it is bad");
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    for (let i = 0; i < 2; i++) assertThrows(() => read(path), BadRecord, "not a regular file");
    Deno.removeSync(path);
    write(path, "x".repeat(101));
    for (let i = 0; i < 2; i++) assertThrows(() => read(path), BadRecord, "more than 100 bytes");
    write(path, "one");
    assertEquals(read(path), ["one"]);
  },
);

fileTest("a file that is kept and becomes a link to itself is refused as a link", (path) => {
  const { read } = reader();
  write(path, "one two");
  read(path);
  Deno.removeSync(path);
  Deno.symlinkSync(path, path);
  assertThrows(() => read(path), BadRecord, "it is a link");
});

fileTest(
  "a file that was just changed is not kept, for another change may leave no trace",
  (path) => {
    const { read, parsed } = reader();
    write(path, "one", new Date());
    for (let i = 0; i < 2; i++) assertEquals(read(path), ["one"]);
    assertEquals(parsed.times, 2);
  },
);

fileTest("of very many files the ones that were read last are kept", (path) => {
  const { read, parsed } = reader();
  const count = 1500;
  for (let i = 0; i < count; i++) write(`${path}-${i}`, `${i}`);
  for (let i = 0; i < count; i++) read(`${path}-${i}`);
  assertEquals(parsed.times, count);
  for (let i = count - 500; i < count; i++) assertEquals(read(`${path}-${i}`), [`${i}`]);
  assertEquals(parsed.times, count);
  for (let i = 0; i < 100; i++) assertEquals(read(`${path}-${i}`), [`${i}`]);
  assertEquals(parsed.times, count + 100);
});
