import { assertEquals, assertThrows } from "@std/assert";
import { Usage } from "../../src/cli/errors.ts";
import { wholeNumber } from "../../src/cli/numbers.ts";
import { flag, list, parseWords, text } from "../../src/cli/options.ts";

const TABLE = {
  foreground: flag("-f, --foreground", ""),
  now: flag("--now", ""),
  debug: flag("-d, --debug", ""),
  logfile: text("-l, --logfile FILE", ""),
  exitCommand: text("-c, --command COMMAND", ""),
  token: list("-D, --token TOKEN", ""),
};

function parse(args: string[], interleaved = false) {
  const { given, operands } = parseWords(args, TABLE, interleaved);
  const values = (name: string) => given[name] ?? [];
  return { operands, values, value: (name: string) => values(name).at(-1) };
}

Deno.test("parseWords() stops at the first operand if the command has options of its own", () => {
  const options = parse(["-f", "task", "ls", "-f", "--", "-x"]);
  assertEquals(options.values("foreground").length, 1);
  assertEquals(options.operands, ["task", "ls", "-f", "--", "-x"]);
});

Deno.test("parseWords() keeps operands that look like booleans or numbers, and empty ones", () => {
  assertEquals(parse(["-f", "true", "010", "1e3", ""]).operands, [
    "true",
    "010",
    "1e3",
    "",
  ]);
});

Deno.test("parseWords() takes a value after a space, an equals sign or nothing", () => {
  for (const args of [["-l", "x"], ["-lx"], ["--logfile", "x"], ["--logfile=x"]]) {
    assertEquals(parse(args).value("logfile"), "x");
  }
});

Deno.test("parseWords() takes values that begin with a dash, or look like numbers or booleans", () => {
  assertEquals(parse(["-c", "-x --y=z"]).value("command"), "-x --y=z");
  assertEquals(parse(["-c", "010"]).value("command"), "010");
  assertEquals(parse(["-c", "true"]).value("command"), "true");
  assertEquals(parse(["-c", "two\nlines"]).value("command"), "two\nlines");
});

Deno.test("parseWords() counts how often a flag is given, also several in one word", () => {
  assertEquals(parse(["-dd", "-d"]).values("debug").length, 3);
  assertEquals(parse([]).values("debug").length, 0);
  assertEquals(parse(["-fdlx"]).value("logfile"), "x");
});

Deno.test("parseWords() returns all values of an option, in their order", () => {
  assertEquals(parse(["-l", "a", "-l", "b"]).value("logfile"), "b");
  assertEquals(parse(["-D", "a", "-D", "b"]).values("token"), ["a", "b"]);
  assertEquals(parse([]).values("token"), []);
});

Deno.test("parseWords() finds options after operands where they may follow", () => {
  const options = parse(["a", "--now", "b", "--", "-c"], true);
  assertEquals(options.values("now").length, 1);
  assertEquals(options.operands, ["a", "b", "-c"]);
});

Deno.test("parseWords() refuses unknown options, missing values, and values of flags", () => {
  assertThrows(() => parse(["-x"]), Usage, "unknown option -x");
  assertThrows(() => parse(["--no-now"]), Usage, "unknown option --no-now");
  assertThrows(() => parse(["--__proto__"]), Usage, "unknown option");
  assertThrows(() => parse(["--a.b=c"]), Usage, "unknown option --a.b");
  assertThrows(() => parse(["-l"]), Usage, "option -l needs a value");
  assertThrows(() => parse(["--logfile="]), Usage, "option --logfile needs a value");
  assertThrows(() => parse(["--now=1"]), Usage, "option --now takes no value");
});

Deno.test("wholeNumber() refuses text that is no whole number, and numbers out of bounds", () => {
  assertEquals(wholeNumber("-t", "30", {}), 30);
  for (const text of ["", "-1", "1.5", "x", "1e3", " 1", "101"]) {
    assertThrows(() => wholeNumber("-t", text, { max: 100 }), Usage, "from 0 to 100");
  }
});
