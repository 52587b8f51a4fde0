import { assert, assertEquals, assertMatch } from "@std/assert";
import { isOfBoot, isRunId, makeRunId, timeOf } from "../../src/task/run_id.ts";

const BOOT = { id: "bd200950-9fcf-473f-8493-ae3ff3a33e51", at: 1_795_921_645_000 };
const OTHER = { ...BOOT, id: "0f8fad5b-d9cb-469f-a165-70867728950e" };

Deno.test("makeRunId() makes ids that sort by the time since boot", () => {
  const times = [0, 10, 20, 1000, 10 ** 6, 10 ** 9, 10 ** 12];
  const ids = times.map((since) => makeRunId(BOOT, "", since));
  assertEquals(ids.toSorted(), ids);
  assertEquals(ids.map(timeOf), times.map((since) => BOOT.at + since));
  for (const id of ids) {
    assertMatch(id, /^[0-9a-z]{26}$/);
    assert(isRunId(id));
  }
});

Deno.test("makeRunId() makes no id twice, and one that is greater than a given one", () => {
  const same = Array.from({ length: 10_000 }, () => makeRunId(BOOT, "", 5));
  assertEquals(new Set(same).size, same.length);
  const ahead = makeRunId(BOOT, "", 100_000);
  const next = makeRunId(BOOT, ahead, 5);
  assert(next > ahead);
  assertEquals(timeOf(next), timeOf(ahead) + 1);
  // Even after a word that is no id, the new id is valid.
  assert(isRunId(makeRunId(BOOT, "z".repeat(26), 5)));
});

Deno.test("isOfBoot() tells the runs of a boot from those of another", () => {
  const id = makeRunId(BOOT);
  assert(isOfBoot(id, BOOT) && !isOfBoot(id, OTHER));
});

Deno.test("isRunId() refuses other words", () => {
  for (
    const word of [
      "",
      "a",
      "0".repeat(25),
      "0".repeat(27),
      "0".repeat(25) + "u",
      "0".repeat(25) + "A",
    ]
  ) {
    assert(!isRunId(word), word);
  }
});
