import { assertEquals } from "@std/assert";
import { parseLines, readLines } from "../../src/task/usage_bulk.ts";

Deno.test("readLines() reads the wanted lines of all tasks, and passes over what is not there", async () => {
  const directory = Deno.makeTempDirSync();
  const write = (path: string, text: string) => {
    Deno.mkdirSync(`${directory}/${path.replace(/\/[^/]*$/, "")}`, { recursive: true });
    Deno.writeTextFileSync(`${directory}/${path}`, text);
  };
  try {
    write("unified/task-a/cpu.stat", "usage_usec 1\nnice_usec 2\n");
    write("unified/task-b.c/cpu.stat", "usage_usec 3\n");
    write("unified/shims/cpu.stat", "usage_usec 4\n");
    write("cpu,cpuacct/task-a/cpuacct.usage", "5\n");
    const files = ["unified/task-*/cpu.stat", "cpu,cpuacct/task-*/cpuacct.usage", "x/task-*/y"];
    assertEquals(await readLines(directory, files, "^([0-9]+$|usage_usec )"), [
      { task: "a", file: "cpu.stat", line: "usage_usec 1" },
      { task: "b.c", file: "cpu.stat", line: "usage_usec 3" },
      { task: "a", file: "cpuacct.usage", line: "5" },
    ]);
    assertEquals(await readLines(`${directory}/none`, files, "."), undefined);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("parseLines() takes a line apart, and leaves out what is none", () => {
  assertEquals(parseLines("unified/task-x/cpu.pressure:some avg10=0.00 total=1\n\nnonsense\n"), [
    { task: "x", file: "cpu.pressure", line: "some avg10=0.00 total=1" },
  ]);
});
