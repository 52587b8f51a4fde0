import { assertEquals } from "@std/assert";
import { parseOptions } from "../../src/cli/options.ts";
import { select, SELECTION_OPTIONS } from "../../src/task/selection.ts";

function selected(...args: string[]) {
  const options = parseOptions(args, { ...SELECTION_OPTIONS, interleaved: true });
  return select(options, { running: true, finished: false });
}

Deno.test("select() takes the states that are named, else those of the command", async () => {
  const states = async (...args: string[]) => {
    const { running, finished } = await selected(...args);
    return [running, finished];
  };
  assertEquals(await states(), [true, false]);
  assertEquals(await states("--running"), [true, false]);
  assertEquals(await states("--finished"), [false, true]);
  assertEquals(await states("--running", "--finished"), [true, true]);
  assertEquals(await states("-a"), [true, true]);
});

Deno.test("select() matches names by any of the patterns, all without one", async () => {
  const matching = async (...patterns: string[]) => {
    const { matches } = await selected(...patterns);
    return ["import", "import-2", "export", "im"].filter(matches);
  };
  assertEquals(await matching(), ["import", "import-2", "export", "im"]);
  assertEquals(await matching("import"), ["import"]);
  assertEquals(await matching("im*"), ["import", "import-2", "im"]);
  assertEquals(await matching("?mport", "*-[0-9]"), ["import", "import-2"]);
  assertEquals(await matching("{im,ex}port"), ["import", "export"]);
  assertEquals(await matching("[!i]*"), ["export"]);
  assertEquals(await matching("x*"), []);
  assertEquals(await matching("i.port"), []);
});
