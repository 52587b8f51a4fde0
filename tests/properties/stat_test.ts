import agent from "../../src/root/release-agent.sh" with { type: "text" };
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { startOfThisProcess } from "../../src/task/process.ts";
import { batchProperty, property } from "./property.ts";
import { partOf, underEachShell } from "./shells.ts";

/** What a process may call itself: bytes, but no NUL, and no more than 15 (prctl(2)). */
const names = fc.array(
  fc.oneof(
    fc.constantFrom(...") S 1 (\n\\\t*?$`\"'").map((letter) => letter.charCodeAt(0)),
    fc.constantFrom(...")) ").map((letter) => letter.charCodeAt(0)),
    fc.integer({ min: 1, max: 255 }),
  ),
  { minLength: 1, maxLength: 15 },
);

const directory = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
Deno.mkdirSync(`${directory}/self`);

property(
  "startOfThisProcess() is not misled by what the program is called",
  fc.record({
    name: names,
    state: fc.constantFrom(..."RSDZTtWXxKPI"),
    before: fc.array(fc.integer({ min: -1 }), { minLength: 18, maxLength: 18 }),
    start: fc.nat(2 ** 40),
    after: fc.array(fc.maxSafeNat(), { minLength: 30, maxLength: 30 }),
  }),
  ({ name, state, before, start, after }) => {
    const text = new TextEncoder();
    Deno.writeFileSync(
      `${directory}/self/stat`,
      Uint8Array.from([
        ...text.encode("7 ("),
        ...name,
        ...text.encode(`) ${[state, ...before, start, ...after].join(" ")}\n`),
      ]),
    );
    assertEquals(startOfThisProcess(directory), start * 10);
  },
);

batchProperty(
  "the release agent finds the parent of a process, whatever that calls itself, under each shell",
  names,
  async (batch) => {
    const read = partOf(agent, /^.*read -r .*"\/proc\/\$1\/stat".*\n *stat=.*\n/m);
    const parent = partOf(agent, /\$\{stat%% \*\}/);
    // The kernel itself is asked: the shell takes each name, and looks at itself.
    const script = `look() {
${read}
}
for name; do
  printf "$name" >"/proc/$$/comm"
  look $$
  [ "${parent}" = "$PPID" ] || printf '%s: %s\\n' "$name" "${parent}"
done`;
    const octal = batch.map((name) =>
      name.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")
    );
    for (const [shell, output] of await underEachShell(script, octal)) {
      const misled = new TextDecoder().decode(output);
      assertEquals([shell, misled], [shell, ""]);
    }
  },
);
