import { assert, assertEquals } from "@std/assert";
import { manualPage } from "../../src/extras/man.ts";
import { exists } from "../harness.ts";

Deno.test("lanco-design(7) names the tests of each invariant, and they are there", () => {
  const [, section = ""] = /^\.Sh INVARIANTS$(.*?)^\.Sh /ms.exec(manualPage("design")) ?? [];
  const invariants = section.split(/^\.It$/m).slice(1);
  assertEquals(invariants.length, 8);
  for (const invariant of invariants) {
    const [, names = ""] = /^\.Pq Pa (.*)$/m.exec(invariant) ?? [];
    assert(names !== "", invariant);
    for (const name of names.split(" , ")) {
      const path = new URL(`../invariants/${name}`, import.meta.url).pathname;
      assert(exists(path) || exists(`${path}_test.ts`), name);
    }
  }
});
