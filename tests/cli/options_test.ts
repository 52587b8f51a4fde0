import { assertEquals, assertThrows } from "@std/assert";
import { Usage } from "../../src/cli/errors.ts";
import { type OptionSpec, parseOptions, wholeNumber } from "../../src/cli/options.ts";

const SPEC: OptionSpec = {
  flags: ["foreground", "now", "debug"],
  values: ["logfile", "command"],
  lists: ["token"],
  alias: { f: "foreground", d: "debug", l: "logfile", c: "command", D: "token" },
};

Deno.test("parseOptions() stops at the first operand: the rest is the command's", () => {
  const options = parseOptions(["-f", "task", "ls", "-f", "--", "-x"], SPEC);
  assertEquals(options.count("foreground"), 1);
  assertEquals(options.operands, ["task", "ls", "-f", "--", "-x"]);
});

Deno.test("parseOptions() keeps words that look like booleans, numbers and nothing", () => {
  assertEquals(parseOptions(["-f", "true", "010", "1e3", ""], SPEC).operands, [
    "true",
    "010",
    "1e3",
    "",
  ]);
});

Deno.test("parseOptions() takes a value after a space, an equals sign or nothing", () => {
  for (const args of [["-l", "x"], ["-lx"], ["--logfile", "x"], ["--logfile=x"]]) {
    assertEquals(parseOptions(args, SPEC).value("logfile"), "x");
  }
});

Deno.test("parseOptions() takes values that start with a dash or look like something else", () => {
  assertEquals(parseOptions(["-c", "-x --y=z"], SPEC).value("command"), "-x --y=z");
  assertEquals(parseOptions(["-c", "010"], SPEC).value("command"), "010");
  assertEquals(parseOptions(["-c", "true"], SPEC).value("command"), "true");
  assertEquals(parseOptions(["-c", "two\nlines"], SPEC).value("command"), "two\nlines");
});

Deno.test("parseOptions() counts flags, in a cluster too", () => {
  assertEquals(parseOptions(["-dd", "-d"], SPEC).count("debug"), 3);
  assertEquals(parseOptions([], SPEC).count("debug"), 0);
  assertEquals(parseOptions(["-fdlx"], SPEC).value("logfile"), "x");
});

Deno.test("parseOptions() lets the last value count, and lists have all", () => {
  assertEquals(parseOptions(["-l", "a", "-l", "b"], SPEC).value("logfile"), "b");
  assertEquals(parseOptions(["-D", "a", "-D", "b"], SPEC).list("token"), ["a", "b"]);
  assertEquals(parseOptions([], SPEC).list("token"), []);
});

Deno.test("parseOptions() finds options behind operands where that is allowed", () => {
  const options = parseOptions(["a", "--now", "b", "--", "-c"], { ...SPEC, interleaved: true });
  assertEquals(options.count("now"), 1);
  assertEquals(options.operands, ["a", "b", "-c"]);
});

Deno.test("parseOptions() refuses unknown options, missing and needless values", () => {
  assertThrows(() => parseOptions(["-x"], SPEC), Usage, "unknown option -x");
  assertThrows(() => parseOptions(["--no-now"], SPEC), Usage, "unknown option --no-now");
  assertThrows(() => parseOptions(["--__proto__"], SPEC), Usage, "unknown option");
  assertThrows(() => parseOptions(["--a.b=c"], SPEC), Usage, "unknown option --a.b");
  assertThrows(() => parseOptions(["-l"], SPEC), Usage, "option -l needs a value");
  assertThrows(() => parseOptions(["--logfile="], SPEC), Usage, "option --logfile needs a value");
  assertThrows(() => parseOptions(["--now=1"], SPEC), Usage, "option --now takes no value");
});

Deno.test("wholeNumber() refuses nonsense and what is out of bounds", () => {
  assertEquals(wholeNumber("-t", "30"), 30);
  for (const text of ["", "-1", "1.5", "x", "1e3", " 1", "101"]) {
    assertThrows(() => wholeNumber("-t", text, { max: 100 }), Usage, "from 0 to 100");
  }
});
