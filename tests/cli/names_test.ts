import { assertEquals, assertThrows } from "@std/assert";
import { Usage } from "../../src/cli/errors.ts";
import { isName, namespaceName, taskName } from "../../src/cli/names.ts";

Deno.test("taskName() takes letters, digits, dots, dashes and underscores", () => {
  for (const name of ["a", "first-task", "A.b_c-9", "_x", "9", "true", "a".repeat(200)]) {
    assertEquals(taskName(name), name);
  }
});

Deno.test("taskName() refuses names that could be an option, a path or a shell expansion", () => {
  for (
    const name of ["", "-x", ".", "..", ".x", "a/b", "a b", "a\n", "é", "a*", "a;b", "$(a)", "a\0"]
  ) {
    assertThrows(() => taskName(name), Usage, "cannot name a task");
  }
});

Deno.test("taskName() refuses more than 200 bytes, and says how many the name has", () => {
  assertThrows(() => taskName("a".repeat(201)), Usage, "has 201 bytes: the longest allowed is 200");
});

Deno.test("namespaceName() refuses more than 50 bytes", () => {
  assertEquals(namespaceName("n".repeat(50)), "n".repeat(50));
  assertThrows(() => namespaceName("n".repeat(51)), Usage, "the longest allowed is 50");
});

Deno.test("namespaceName() refuses the commands that stand in the place of a namespace", () => {
  for (const word of ["help", "namespaces", "doctor", "man", "completions"]) {
    assertThrows(() => namespaceName(word), Usage, "a meaning of its own");
    assertEquals(isName(word, 50), true);
  }
});
