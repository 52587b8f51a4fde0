import { assertEquals, assertRejects } from "@std/assert";
import { Gate, Lanes } from "../../../src/commands/batch/lanes.ts";

/** Things to do that end when they are told to, and what has happened. */
function work() {
  const happened: string[] = [];
  const ends = new Map<string, () => void>();
  const begin = (name: string) => {
    happened.push(`${name} begins`);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.set(name, resolve);
    return promise.then(() => void happened.push(`${name} ends`));
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await settled();
  };
  return { happened, begin, end };
}

/** Does something when its turn has come. */
async function inTurn(
  lanes: Lanes,
  keys: string[],
  act: (leave: () => void) => Promise<void>,
): Promise<void> {
  const turn = lanes.enter(keys);
  await turn.come;
  try {
    await act(turn.leave);
  } finally {
    turn.leave();
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("Lanes keep the order for each key, and no other", async () => {
  const { happened, begin, end } = work();
  const lanes = new Lanes();
  const all = [
    inTurn(lanes, ["a"], () => begin("1")),
    inTurn(lanes, ["a", "b"], () => begin("2")),
    inTurn(lanes, ["b", "b"], () => begin("3")),
    inTurn(lanes, ["c"], () => begin("4")),
    inTurn(lanes, [], () => begin("5")),
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

Deno.test("Lanes go on behind what lets them, and behind what fails", async () => {
  const { happened, begin, end } = work();
  const lanes = new Lanes();
  const waits = inTurn(lanes, ["a"], (leave) => {
    leave();
    return begin("waits");
  });
  const fails = inTurn(lanes, ["a"], () => Promise.reject(new Error("no")));
  const last = inTurn(lanes, ["a"], () => begin("last"));
  await assertRejects(() => fails, Error, "no");
  await settled();
  assertEquals(happened, ["waits begins", "last begins"]);
  await end("waits");
  await end("last");
  await Promise.all([waits, last]);
});

Deno.test("Gate lets so many pass at a time, in their order, also behind one that fails", async () => {
  const { happened, begin, end } = work();
  const gate = new Gate(2);
  const fails = gate.pass(async () => {
    await begin("1");
    throw new Error("no");
  });
  const others = ["2", "3", "4"].map((name) => gate.pass(() => begin(name)));
  assertEquals(happened, ["1 begins", "2 begins"]);
  const failed = assertRejects(() => fails, Error, "no");
  await end("1");
  await failed;
  await settled();
  assertEquals(happened.slice(2), ["1 ends", "3 begins"]);
  await end("2");
  assertEquals(happened.slice(4), ["2 ends", "4 begins"]);
  for (const name of ["3", "4"]) await end(name);
  await Promise.all(others);
});
