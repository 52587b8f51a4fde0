import { assertEquals } from "@std/assert";
import { callerEnvironment } from "../../src/shim/environment.ts";

const block = (...entries: string[]) => new TextEncoder().encode(entries.join("\0") + "\0");

Deno.test("callerEnvironment() takes back what a shell would add", () => {
  assertEquals(callerEnvironment(block("A=1")).unset, ["PWD", "OLDPWD", "SHLVL"]);
  assertEquals(callerEnvironment(block("PWD=/", "SHLVL=3", "OLDPWD=/x")).unset, []);
  assertEquals(callerEnvironment(block("SHLVL=3")).shellLevel, "3");
});

Deno.test("callerEnvironment() saves what a shell would drop", () => {
  assertEquals(callerEnvironment(block("a.b=c", "OK=x", "BASH_FUNC_f%%=() { :; }")).prefix, [
    "/usr/bin/env",
    "a.b=c",
    "BASH_FUNC_f%%=() { :; }",
  ]);
  assertEquals(callerEnvironment(block("OK=x")).prefix, []);
});

Deno.test("callerEnvironment() survives an empty environment", () => {
  assertEquals(callerEnvironment(new Uint8Array()).prefix, []);
});
