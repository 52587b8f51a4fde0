import { assert, assertEquals } from "@std/assert";
import { callerEnvironment } from "../../../src/launch/shim/environment.ts";
import { makeShells, SHELLS } from "../../properties/shells.ts";

const text = new TextEncoder();
const given = (...entries: string[]) => callerEnvironment(entries.map((e) => text.encode(e)));

Deno.test("callerEnvironment() unsets variables that a shell adds and the caller does not have", () => {
  assertEquals(given("A=1").unset, ["PWD", "OLDPWD", "SHLVL"]);
  assertEquals(given("PWD=/", "SHLVL=3", "OLDPWD=/x").unset, []);
  assertEquals(given("SHLVL=3").shellLevel, "3");
});

Deno.test("callerEnvironment() restores variables that a shell would drop or use itself", () => {
  assertEquals(given("OK=x", "A=", "_=/bin/env").restore, undefined);
  assertEquals(given().restore, undefined);
  for (const odd of ["a.b=c", "IFS=:", "lanco_log=x", "BASH_FUNC_f%%=() { :; }", "1A=x"]) {
    assert(given("OK=x", odd).restore !== undefined, odd);
  }
});

/** Returns the environment of a command that each kind of shell executes with the variables restored, a character a byte. */
async function restored(restore: Record<string, string> | undefined): Promise<[string, string][]> {
  const directory = makeShells();
  try {
    return await Promise.all(SHELLS.map(async (shell): Promise<[string, string]> => {
      const script =
        'eval "$lanco_restore"; exec /usr/bin/env -S "$lanco_env" /bin/cat /proc/self/environ';
      const { code, stdout, stderr } = await new Deno.Command(`${directory}/${shell}/sh`, {
        args: ["-c", script],
        env: { LC_ALL: "C.UTF-8", ...restore },
        clearEnv: true,
      }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], shell);
      return [shell, Array.from(stdout, (byte) => String.fromCharCode(byte)).join("")];
    }));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Returns a text as a string with one character for each byte of its UTF-8. */
function latin(word: string): string {
  return Array.from(text.encode(word), (byte) => String.fromCharCode(byte)).join("");
}

Deno.test("callerEnvironment() quotes values for the shell, and names for env -S", async () => {
  const entries = [
    "a.b=se'cr\"et $HOME `id`\\ \n\n",
    "x'y\\z=1  2",
    "-o=x",
    "q q=é",
    "#c=",
    "IFS=:",
  ];
  for (const [shell, environment] of await restored(given(...entries).restore)) {
    const found = environment.split("\0");
    for (const entry of entries) {
      assert(found.includes(latin(entry)), `${shell}: ${entry}: ${found}`);
    }
    assert(!found.some((entry) => entry.startsWith("lanco_odd")), String(found));
  }
});

Deno.test("callerEnvironment() passes on bytes that are not UTF-8, in names and values", async () => {
  const odd = [
    "a.b=\xff\x80\n\n",
    "c.d=-\xff%s\\n\\377'\"$HOME\x01\x7f\x81\x88\t ",
    "\xe9'\\=x",
    "e.=\xef\xbb\xbfx",
  ];
  const entries = odd.map((entry) => Uint8Array.from(entry, (c) => c.charCodeAt(0)));
  for (const [shell, environment] of await restored(callerEnvironment(entries).restore)) {
    const found = environment.split("\0");
    for (const entry of odd) assert(found.includes(entry), `${shell}: ${entry}: ${found}`);
  }
});

Deno.test("callerEnvironment() does not mix its own variables with those of the caller", () => {
  const { restore = {} } = given("lanco_odd_0=x", "lanco_restore=touch /evil", "lanco_env=y");
  assertEquals(Object.keys(restore), [
    "lanco_odd_0",
    "lanco_odd_1",
    "lanco_odd_2",
    "lanco_restore",
  ]);
  assert(!restore["lanco_restore"]?.includes("evil"));
});
