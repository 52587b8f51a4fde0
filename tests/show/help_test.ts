import { assert, assertEquals, assertMatch } from "@std/assert";
import { HELP } from "../../src/cli/help.ts";
import { COMMANDS, STANDALONE } from "../../src/commands/command_table.ts";
import { renderHelp } from "../../src/show/help.ts";

/** What a terminal of 80×24 shows above the prompt. */
const SCREEN = { columns: 80, rows: 23 };

/** The helps that no such terminal can show: lanco has 25 commands, and run has 29 options. */
const LONG = ["", "run", "start"];

/** Returns the help of lanco itself, whose name is empty here, and of each command. */
async function helps(): Promise<[name: string, text: string][]> {
  const tables = Object.entries({ ...COMMANDS, ...STANDALONE });
  const rendered = tables.map(async ([name, load]): Promise<[string, string]> => {
    return [name, renderHelp((await load()).default)];
  });
  return [["", HELP], ...await Promise.all(rendered)];
}

Deno.test("each help fits a terminal of 80×24, or is one of those that cannot", async () => {
  for (const [name, text] of await helps()) {
    const lines = text.trimEnd().split("\n");
    assertEquals(lines.filter((line) => line.length > SCREEN.columns), [], name);
    assertEquals(lines.length > SCREEN.rows, LONG.includes(name), `${name}: ${lines.length} lines`);
  }
});

Deno.test("each help has its usage, its effect, its options, examples and the manual", async () => {
  for (const [name, text] of await helps()) {
    assertMatch(text, /^Usage: lanco .*\n( {2,}.*\n)*\n[A-Z][^]*\n\nManual: lanco man.*\n$/, name);
    const blocks = text.trimEnd().split("\n\n");
    const at = (start: RegExp) => blocks.findIndex((block) => start.test(block));
    const [options, examples] = [at(/^ +(-\w, )?--\w/), at(/^Examples:\n {2}/)];
    if (name === "") continue;
    assertEquals(examples, blocks.length - 2, `${name}: examples before the manual`);
    assert(options === -1 || options > 1 && options < examples, `${name}: options before examples`);
    assertEquals(text.includes("@OPTIONS@"), false, name);
  }
});

Deno.test("renderHelp() breaks what is told of an option at spaces", async () => {
  const run = renderHelp((await COMMANDS.run!()).default);
  assertMatch(run, /\n {2}-c, --command COMMAND .*\n {31}\S.*\n/);
});
