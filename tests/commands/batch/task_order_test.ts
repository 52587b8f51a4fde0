import { assertEquals, assertRejects } from "@std/assert";
import { TaskOrder } from "../../../src/commands/batch/task_order.ts";
import { settled, work } from "./work.ts";

/** Calls a function when its turn has come, with a function that gives up the turn early. */
async function inTurn(
  order: TaskOrder,
  keys: string[] | "all",
  act: (leave: () => void) => Promise<void>,
): Promise<void> {
  const turn = keys === "all" ? order.enterAll() : order.enter(keys);
  await turn.come;
  try {
    await act(turn.leave);
  } finally {
    turn.leave();
  }
}

Deno.test("TaskOrder keeps the order of actions that share a key, and no other order", async () => {
  const { happened, begin, end } = work();
  const order = new TaskOrder();
  const all = [
    inTurn(order, ["a"], () => begin("1")),
    inTurn(order, ["a", "b"], () => begin("2")),
    inTurn(order, ["b", "b"], () => begin("3")),
    inTurn(order, ["c"], () => begin("4")),
    inTurn(order, [], () => begin("5")),
  ];
  await settled();
  assertEquals(happened.toSorted(), ["1 begins", "4 begins", "5 begins"]);
  await end("1");
  assertEquals(happened.slice(3), ["1 ends", "2 begins"]);
  await end("2");
  assertEquals(happened.slice(5), ["2 ends", "3 begins"]);
  for (const name of ["3", "4", "5"]) await end(name);
  await Promise.all(all);
});

Deno.test("TaskOrder lets actions begin behind one that gave up its turn, and behind one that failed", async () => {
  const { happened, begin, end } = work();
  const order = new TaskOrder();
  const waits = inTurn(order, ["a"], (leave) => {
    leave();
    return begin("waits");
  });
  const fails = inTurn(order, ["a"], () => Promise.reject(new Error("no")));
  const last = inTurn(order, ["a"], () => begin("last"));
  await assertRejects(() => fails, Error, "no");
  await settled();
  assertEquals(happened, ["waits begins", "last begins"]);
  await end("waits");
  await end("last");
  await Promise.all([waits, last]);
});

Deno.test("TaskOrder lets an action on any task begin after all before it, and others after that", async () => {
  const { happened, begin, end } = work();
  const order = new TaskOrder();
  const all = [
    inTurn(order, ["a"], () => begin("1")),
    inTurn(order, "all", () => begin("2")),
    inTurn(order, "all", () => begin("3")),
    inTurn(order, ["b"], () => begin("4")),
    inTurn(order, [], () => begin("5")),
  ];
  await settled();
  assertEquals(happened.toSorted(), ["1 begins", "5 begins"]);
  for (const name of ["1", "2", "3"]) await end(name);
  assertEquals(happened.slice(2), [
    "1 ends",
    "2 begins",
    "2 ends",
    "3 begins",
    "3 ends",
    "4 begins",
  ]);
  for (const name of ["4", "5"]) await end(name);
  await Promise.all(all);
  const turn = order.enter(["c"]);
  await turn.come;
  turn.leave();
});
