import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { repetitions } from "./repetitions.ts";

const VARIABLE = `LANCO_TEST_OF_${crypto.randomUUID().replaceAll("-", "_")}`;

Deno.test("a test tries something as often as usual, or more often, never less", () => {
  assertEquals(repetitions(VARIABLE, 200), 200);
  try {
    for (const text of ["200", "1000"]) {
      Deno.env.set(VARIABLE, text);
      assertEquals(repetitions(VARIABLE, 200), Number(text));
    }
    for (const text of ["", "0", "1", "199", "-1", "1e9", "Infinity", "NaN", "many", "200.5"]) {
      Deno.env.set(VARIABLE, text);
      assertThrows(() => repetitions(VARIABLE, 200), Error, "200 at least");
    }
  } finally {
    Deno.env.delete(VARIABLE);
  }
});

Deno.test("a test file that is to try less than usual fails", async () => {
  const files = [
    "faults/races",
    "faults/few_numbers",
    "faults/namespaces_race",
    "invariants/model",
  ];
  await Promise.all(files.map(async (file) => {
    const path = new URL(`./${file}_test.ts`, import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--allow-all", path],
      // Other tests change that of the process.
      cwd: new URL("..", import.meta.url).pathname,
      // Without an executable nothing of it would run.
      env: { LANCO_EXE: "", LANCO_TEST_ROUNDS: "1", LANCO_TEST_WALKS: "1", NO_COLOR: "1" },
    }).output();
    assertEquals(code, 1, file);
    const text = new TextDecoder();
    assertStringIncludes(text.decode(stdout) + text.decode(stderr), 'at least, not "1"');
  }));
});
