import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { screen } from "../src/commands/top/screen.ts";
import { stateOf } from "./commands/top/fixture.ts";
import { Screen, svg, untilWhole } from "./picture.ts";

const PLAIN = { colour: false, unicode: true };

const PICTURE = new URL("../.github/top.svg", import.meta.url).pathname;

/** Writes lines as top draws them: each after the cursor is there and the row is erased. */
function drawn(lines: readonly string[]): string {
  return lines.map((line, i) => `\u001b[${i + 1};1H\u001b[2K${line}`).join("");
}

/** Parses an image as XML. Returns its texts. */
async function texts(image: string): Promise<string[]> {
  const program = "import sys, json, xml.etree.ElementTree as t\n" +
    "print(json.dumps([e.text for e in t.fromstring(sys.stdin.read()).iter() if e.text]))";
  const options: Deno.CommandOptions = { args: ["-c", program], stdin: "piped", stdout: "piped" };
  const parser = new Deno.Command("/usr/bin/python3", options).spawn();
  const writer = parser.stdin.getWriter();
  await writer.write(new TextEncoder().encode(image));
  await writer.close();
  const { code, stdout } = await parser.output();
  assertEquals(code, 0);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("Screen reads where the cursor is, what is erased, and how a text is shown", () => {
  const read = new Screen(10, 3);
  read.write("\u001b[?1049h\u001b[2Jgone\u001b[2J\u001b[1;3Hab\u001b[1;32mcd\u001b[0m  e");
  read.write("\u001b[2;1Hlonger than ten\u001b[3;1Hxyz\u001b[3;2H\u001b[K\r\u001b[7m-\u001b[0m");
  assertEquals(read.lines, ["  abcd  e", "longer tha", "-"]);
  const runs = read.runs(0).map(({ column, text, style }) => [column, text, style.colour]);
  assertEquals(runs, [[2, "ab", undefined], [4, "cd", 2], [8, "e", undefined]]);
  assertEquals(read.runs(2).map(({ style }) => style.reverse), [true]);
});

Deno.test("Screen refuses what it does not know, rather than draw something else", () => {
  for (const unknown of ["\u001b[3A", "\u001b[5m", "\u0007", "\u001b[1L"]) {
    assertThrows(() => new Screen(80, 24).write(unknown), Error, "unknown");
  }
});

Deno.test("Screen shows the screen of top as it is without colours", () => {
  const size = { columns: 80, rows: 24 };
  const read = new Screen(80, 24);
  read.write(drawn(screen(stateOf(), size, { ...PLAIN, colour: true })));
  assertEquals(read.lines, screen(stateOf(), size, PLAIN).map((line) => line.trimEnd()));
});

Deno.test("untilWhole() leaves out what a program writes when it ends", () => {
  assertEquals(untilWhole("a\u001b[?2026lb\u001b[?2026l\u001b[2J"), "a\u001b[?2026lb\u001b[?2026l");
});

Deno.test("svg() draws any text as XML", async () => {
  const read = new Screen(80, 2);
  read.write(drawn(['a <b> & \u001b[7m"c"\u001b[0m', "]]> █▋ ▼"]));
  const found = await texts(svg(read, "a & b"));
  assertEquals(found.filter((text) => text.trim() !== ""), ["a & b", "a <b> &", '"c"', "]]> █▋ ▼"]);
});

Deno.test("the picture in the README is the screen of top with its tasks", async () => {
  const readme = Deno.readTextFileSync(new URL("../README.md", import.meta.url));
  assertStringIncludes(readme, "(.github/top.svg)");
  const found = (await texts(Deno.readTextFileSync(PICTURE))).join("\n");
  for (const task of ["import", "export", "agent-4711", "nightly"]) {
    assert(new RegExp(`^(> )?${task}\\b`, "m").test(found), task);
  }
  // What top does not draw any more is not in the picture either: draw it again by scripts/picture.
  const now = screen(stateOf(), { columns: 80, rows: 24 }, PLAIN);
  assertStringIncludes(found, now.at(-1)?.trim() ?? "?");
  const columns = (line = "") => line.trim().split(/\s+/);
  assertEquals(
    columns(found.split("\n").find((line) => line.startsWith("NAME"))),
    columns(now.find((line) => line.includes("NAME"))),
  );
});
