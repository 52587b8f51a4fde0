import common from "../../src/root/common.sh" with { type: "text" };
import agent from "../../src/root/release-agent.sh" with { type: "text" };
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Usage } from "../../src/cli/errors.ts";
import { isName, NAMESPACE_MAX, namespaceName, TASK_MAX, taskName } from "../../src/cli/names.ts";
import { anyArgument, batchProperty, property, textOf, unless } from "./property.ts";
import { partOf, underEachShell } from "./shells.ts";

const GOOD = "ABCXYZabcxyz0189_.-";

/** Names, near misses, and anything. */
const names = fc.oneof(
  textOf(GOOD),
  fc.string({ unit: fc.constantFrom(...GOOD), minLength: 45, maxLength: 210 }),
  anyArgument,
  fc.constantFrom("", ".", "..", "-", "_", "proc", "help", "doctor", "__proto__", "a\n", "\na"),
).map((name) => name.replaceAll("\0", "0"));

/** The grammar once more, letter by letter. */
function isOfGrammar(name: string): boolean {
  const first = name.charAt(0);
  return name !== "" && first !== "." && first !== "-" &&
    Array.from(name).every((letter) =>
      (letter >= "a" && letter <= "z") || (letter >= "A" && letter <= "Z") ||
      (letter >= "0" && letter <= "9") || "._-".includes(letter)
    );
}

property("taskName() takes just the names of the grammar that are not too long", names, (name) => {
  const taken = unless([Usage], () => taskName(name));
  assertEquals(taken, isOfGrammar(name) && name.length <= TASK_MAX ? name : undefined);
});

property("namespaceName() takes no name that taskName() refuses", names, (name) => {
  if (unless([Usage], () => namespaceName(name)) === undefined) return;
  assertEquals(taskName(name), name);
  assertEquals(new TextEncoder().encode(name).length <= NAMESPACE_MAX, true);
});

batchProperty(
  "the release agent knows a name by the grammar that taskName() has, under each shell",
  names,
  async (batch) => {
    const isNameOfAgent = partOf(agent, /^is_name\(\) \{[^]*?^\}/m);
    const script = `${isNameOfAgent}\nfor name; do is_name "$name" && echo yes || echo no; done`;
    const expected = batch.map((name) => isName(name, Infinity) ? "yes" : "no");
    await assertAnswers(script, batch, expected);
  },
);

batchProperty(
  "init and release refuse no namespace that namespaceName() takes, and none is outside of the grammar",
  names,
  async (batch) => {
    const check = partOf(common, /^case \$ns in[^]*?^esac/m);
    const script = `fail() { answer=no; }\nfor ns; do answer=yes\n${check}\necho $answer\ndone`;
    const expected = batch.map((name) => isName(name, Infinity) && name !== "proc" ? "yes" : "no");
    await assertAnswers(script, batch, expected);
    for (const [i, name] of batch.entries()) {
      if (unless([Usage], () => namespaceName(name)) !== undefined) {
        assertEquals([name, expected[i]], [name, "yes"]);
      }
    }
  },
);

async function assertAnswers(script: string, names: string[], expected: string[]): Promise<void> {
  for (const [shell, output] of await underEachShell(script, names)) {
    const answers = new TextDecoder().decode(output).trimEnd().split("\n");
    for (const [i, name] of names.entries()) {
      assertEquals([shell, name, answers[i]], [shell, name, expected[i]]);
    }
  }
}
