import { assertEquals } from "@std/assert";
import { readRequest } from "../../src/cli/request.ts";
import { select, SELECTION } from "../../src/commands/selection_options.ts";

function selected(...args: string[]) {
  const request = readRequest("ls", { options: SELECTION, operands: "patterns" }, args);
  return select(request, { running: true, finished: false });
}

Deno.test("select() takes the states that are named, else those of the command", () => {
  const states = (...args: string[]) => {
    const { running, finished } = selected(...args);
    return [running, finished];
  };
  assertEquals(states(), [true, false]);
  assertEquals(states("--running"), [true, false]);
  assertEquals(states("--finished"), [false, true]);
  assertEquals(states("--running", "--finished"), [true, true]);
  assertEquals(states("-a"), [true, true]);
  assertEquals(states("-a", "--finished"), [false, true]);
  assertEquals(states("--running", "-a"), [true, false]);
});

Deno.test("select() matches names by any of the patterns, all without one", () => {
  const matching = (...patterns: string[]) => {
    const { matches } = selected(...patterns);
    return ["import", "import-2", "export", "im"].filter(matches);
  };
  assertEquals(matching(), ["import", "import-2", "export", "im"]);
  assertEquals(matching("import"), ["import"]);
  assertEquals(matching("im*"), ["import", "import-2", "im"]);
  assertEquals(matching("?mport", "*-[0-9]"), ["import", "import-2"]);
  assertEquals(matching("[!i]*"), ["export"]);
  assertEquals(matching("x*"), []);
  assertEquals(matching("i.port"), []);
});
