import { assert, assertEquals } from "@std/assert";
import { callerEnvironment } from "../../../src/launch/shim/environment.ts";

const text = new TextEncoder();
const given = (...entries: string[]) => callerEnvironment(entries.map((e) => text.encode(e)));

Deno.test("callerEnvironment() takes away what a shell adds and the caller does not have", () => {
  assertEquals(given("A=1").unset, ["PWD", "OLDPWD", "SHLVL"]);
  assertEquals(given("PWD=/", "SHLVL=3", "OLDPWD=/x").unset, []);
  assertEquals(given("SHLVL=3").shellLevel, "3");
});

Deno.test("callerEnvironment() restores what a shell would drop or use itself", () => {
  assertEquals(given("OK=x", "A=", "_=/bin/env").restore, undefined);
  assertEquals(given().restore, undefined);
  for (const odd of ["a.b=c", "IFS=:", "lanco_log=x", "BASH_FUNC_f%%=() { :; }", "1A=x"]) {
    assert(given("OK=x", odd).restore !== undefined, odd);
  }
});

Deno.test("callerEnvironment() quotes values for the shell, and names for env -S", async () => {
  const entries = [
    "a.b=se'cr\"et $HOME `id`\\ \n\n",
    "x'y\\z=1  2",
    "-o=x",
    "q q=é",
    "#c=",
    "IFS=:",
  ];
  const { restore } = given(...entries);
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeFileSync(file, restore ?? new Uint8Array());
    for (const shell of ["dash", "bash", "busybox"]) {
      const script = '. "$1"; exec /usr/bin/env -S "$lanco_env" /bin/cat /proc/self/environ';
      const { stdout } = await new Deno.Command(shell, {
        args: [...(shell === "busybox" ? ["sh"] : []), "-c", script, "sh", file],
        env: { LC_ALL: "C.UTF-8" },
        clearEnv: true,
      }).output();
      const found = new TextDecoder().decode(stdout).split("\0");
      for (const entry of entries) assert(found.includes(entry), `${shell}: ${entry}: ${found}`);
      assert(!found.some((entry) => entry.startsWith("lanco_odd")), String(found));
    }
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("callerEnvironment() hands on bytes that are not UTF-8", () => {
  const { restore } = callerEnvironment([Uint8Array.of(0x61, 0x2e, 0x3d, 0xff, 0x80)]);
  assertEquals(restore?.subarray(19, 22), Uint8Array.of(0x27, 0xff, 0x80));
});
