import { assertEquals, assertStrictEquals } from "@std/assert";
import { LogTail } from "../../src/logs/log_tail.ts";

/** Runs the test with the path of a log below /var/log, where the executable may read. */
async function withLog(body: (file: string, tail: LogTail) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ dir: "/var/log", prefix: "lanco-test-" });
  try {
    await body(`${directory}/task.log`, new LogTail());
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function logTest(name: string, body: (file: string, tail: LogTail) => Promise<void>): void {
  Deno.test({ name, ignore: Deno.uid() !== 0, fn: () => withLog(body) });
}

logTest(
  "read() returns the last lines, without one that lacks its beginning",
  async (file, tail) => {
    Deno.writeTextFileSync(file, "one\ntwo\nthree");
    assertEquals(await tail.read(file), { lines: ["one", "two", "three"] });
    const numbers = Array.from({ length: 100_000 }, (_, i) => `line ${i}`);
    Deno.writeTextFileSync(file, numbers.join("\n") + "\n");
    assertEquals(await tail.read(file), { lines: numbers.slice(-100) });
  },
);

logTest("read() does not read a log again that has not changed", async (file, tail) => {
  Deno.writeTextFileSync(file, "one\n");
  const first = await tail.read(file);
  assertStrictEquals(await tail.read(file), first);
  Deno.writeTextFileSync(file, "two\n", { append: true });
  assertEquals((await tail.read(file)).lines, ["one", "two"]);
});

logTest("read() goes on with a log that is truncated, removed or replaced", async (file, tail) => {
  Deno.writeTextFileSync(file, "one\ntwo\n");
  await tail.read(file);
  Deno.truncateSync(file);
  assertEquals(await tail.read(file), { lines: [] });
  Deno.removeSync(file);
  assertEquals((await tail.read(file)).problem, "it does not exist");
  Deno.writeTextFileSync(file, "again\n");
  assertEquals(await tail.read(file), { lines: ["again"] });
});

logTest("read() returns the last state of a line with carriage returns", async (file, tail) => {
  Deno.writeTextFileSync(file, "  1 %\r 50 %\r100 %\r\ndone\r\n");
  assertEquals((await tail.read(file)).lines, ["100 %", "done"]);
});

logTest(
  "read() replaces bytes that are not UTF-8, and returns the end of a very long line",
  async (file, tail) => {
    Deno.writeFileSync(file, new Uint8Array([97, 255, 98, 10]));
    assertEquals((await tail.read(file)).lines, ["a\ufffdb"]);
    Deno.writeTextFileSync(file, "x".repeat(50_000));
    assertEquals((await tail.read(file)).lines.map((line) => line.length), [16_384]);
  },
);

logTest("read() does not open a FIFO or a directory", async (file, tail) => {
  const { success } = await new Deno.Command("mkfifo", { args: [file] }).output();
  assertEquals(success, true);
  assertEquals((await tail.read(file)).problem, "it is not a regular file");
  assertEquals((await tail.read("/var/log/.")).problem, "it is not a regular file");
});
