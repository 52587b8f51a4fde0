import { assert, assertThrows } from "@std/assert";
import { Failed } from "../../../src/cli/errors.ts";
import { openBoth } from "../../../src/launch/shim/connection.ts";

Deno.test("openBoth() opens a FIFO, and nothing that was put in its place", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const path = (name: string) => `${directory}/${name}`;
    await new Deno.Command("mkfifo", { args: [path("fifo")] }).output();
    const file = openBoth(path("fifo"));
    assert(file.statSync().isFifo);
    file.close();
    Deno.writeTextFileSync(path("file"), "");
    for (const [name, target] of [["self", "self"], ["none", "gone"], ["through", "file/x"]]) {
      Deno.symlinkSync(target ?? "", path(name ?? ""));
    }
    for (const name of ["file", "self", "none", "through", "missing"]) {
      assertThrows(() => openBoth(path(name)), Failed, "another file was put in its place");
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
