import { assertEquals, assertRejects } from "@std/assert";
import { GroupedCalls } from "../../src/keeper/grouped_calls.ts";
import type { Namespace } from "../../src/namespace/description.ts";

/** A namespace of which only the name matters. */
const namespace = (name: string) => ({ namespace: name }) as Namespace;

/** The calls that were made, each with what ends it. */
function recorded() {
  const made: { name: string; requests: readonly string[]; end: PromiseWithResolvers<void> }[] = [];
  const calls = new GroupedCalls<string>(({ namespace: name }, requests) => {
    const end = Promise.withResolvers<void>();
    made.push({ name, requests: [...requests], end });
    return end.promise;
  });
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  const seen = () => made.map(({ name, requests }) => `${name}: ${requests.join(" ")}`);
  return { calls, made, seen, turn };
}

Deno.test("requests that come while a call is made are submitted together by the next one", async () => {
  const { calls, made, seen, turn } = recorded();
  const [a, web] = [namespace("a"), namespace("web")];
  const answered: string[] = [];
  const ask = (...requests: string[]) =>
    calls.request(a, ...requests).then(() => answered.push(...requests));
  const first = ask("1");
  const others = [ask("2", "3"), ask("4")];
  calls.request(web, "5");
  assertEquals(seen(), ["a: 1", "web: 5"]);
  made[0]?.end.resolve();
  await first;
  await turn();
  assertEquals([seen().slice(2), answered], [["a: 2 3 4"], ["1"]]);
  // While the second is made, a third group gathers.
  others.push(ask("6"));
  made[2]?.end.resolve();
  await turn();
  assertEquals([seen().slice(3), answered], [["a: 6"], ["1", "2", "3", "4"]]);
  made[3]?.end.resolve();
  await Promise.all(others);
  // Nothing is under way any more: this one does not wait.
  ask("7");
  assertEquals(seen().slice(4), ["a: 7"]);
});

Deno.test("the failure of a call is that of its own requests, and the next call is made", async () => {
  const { calls, made, seen, turn } = recorded();
  const a = namespace("a");
  const [first, second, third] = [1, 2, 3].map((n) => calls.request(a, String(n)));
  const failures = [first, second, third].map((one) =>
    assertRejects(() => one ?? Promise.resolve(), Error)
  );
  made[0]?.end.reject(new Error("one"));
  await failures[0];
  await turn();
  assertEquals(seen(), ["a: 1", "a: 2 3"]);
  made[1]?.end.reject(new Error("two"));
  const errors = await Promise.all(failures);
  assertEquals(errors.map(({ message }) => message), ["one", "two", "two"]);
  await turn();
  calls.request(a, "4");
  assertEquals(seen().slice(2), ["a: 4"]);
});
