import { assert, assertEquals, assertThrows } from "@std/assert";
import { each, OverBudget, spend, withinBudget } from "../../src/cli/budget.ts";

Deno.test("each() leaves out what the bytes of an answer are not enough for", () => {
  const look = (size: number) => {
    spend(size);
    return [size];
  };
  const limits = { bytes: 10 };
  const within = (sizes: number[]) => withinBudget(() => each(sizes, look), limits);
  assertEquals(within([4, 6]), { result: [4, 6], truncated: false });
  assertEquals(within([4, 5, 6, 1]), { result: [4, 5], truncated: true });
  // The next answer has a budget of its own.
  assertEquals(within([10]), { result: [10], truncated: false });
});

Deno.test("each() leaves out what the time of an answer is not enough for", () => {
  const looked: number[] = [];
  const { result, truncated } = withinBudget(
    () =>
      each(Array(1000).keys(), (n) => {
        spend();
        for (const end = performance.now() + 1; performance.now() < end;);
        looked.push(n);
        return [n];
      }),
    { time: 20 },
  );
  assert(truncated);
  assert(looked.length < 100 && result.length <= looked.length, `${looked.length}`);
});

Deno.test("each() does not believe what somebody found out after the budget was spent", () => {
  const look = (size: number) => {
    try {
      spend(size);
    } catch {
      return ["not there"];
    }
    return ["there"];
  };
  assertEquals(withinBudget(() => each([1, 9, 1], look), { bytes: 5 }), {
    result: ["there"],
    truncated: true,
  });
  // Nor does a later part of the same answer begin.
  const twice = withinBudget(() => [...each([9], look), ...each([0], look)], { bytes: 5 });
  assertEquals(twice, { result: [], truncated: true });
});

Deno.test("withinBudget() throws if an answer is too much of which nothing can be left out", () => {
  assertThrows(() => withinBudget(() => spend(2), { bytes: 1 }), OverBudget);
  // Outside of an answer there is no limit, and errors of other kinds are not swallowed.
  spend(Infinity);
  const fail = () => {
    throw new TypeError("other");
  };
  assertThrows(() => withinBudget(() => each([1], fail)), TypeError, "other");
});
