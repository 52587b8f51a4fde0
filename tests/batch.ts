import { assertEquals } from "@std/assert";
import { LANCO, start, type TestNamespace } from "./harness.ts";

/** What a batch answers; tests look into any part of it. */
// deno-lint-ignore no-explicit-any
type Answer = any;

/** The answers among the lines of a batch: all but the first, which says who speaks. */
export function answersIn(stdout: string): Answer[] {
  const [first, ...answers] = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals([typeof first.lanco, first.schema], ["string", 2]);
  return answers;
}

/** Sends lines to a batch, and returns the answers in the order in which they came. */
export async function answers(ns: TestNamespace, ...lines: (string | object)[]) {
  const stdin = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line))
    .join("\n");
  const { code, stdout, stderr } = await ns.lancoWith({ stdin }, "batch");
  assertEquals([code, stderr], [0, ""]);
  return answersIn(stdout);
}

/** Starts a batch, and sends it requests. What it answers is kept. */
export function openBatch(ns: TestNamespace, ...requests: object[]) {
  return talkTo(
    start([LANCO, ns.name, "batch"], { stdin: "piped", stdout: "piped", stderr: "inherit" }),
    ...requests,
  );
}

/** Sends requests to a batch that has been started. What it answers is kept. */
export function talkTo(batch: Deno.ChildProcess, ...requests: object[]) {
  const writer = batch.stdin.getWriter();
  const answers: Answer[] = [];
  const waiting = new Map<unknown, PromiseWithResolvers<Answer>>();
  let over = false;
  const hearing = (async () => {
    let rest = "";
    for await (const text of batch.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const answer of lines.map((line) => JSON.parse(line))) {
        if (answer.lanco) continue;
        answers.push(answer);
        waiting.get(answer.id)?.resolve(answer);
      }
    }
    over = true;
    const { code } = await batch.status;
    for (const { reject } of waiting.values()) {
      reject(new Error(`the batch has ended with ${code}`));
    }
  })();
  const say = async (...more: object[]) => {
    const text = more.map((request) => JSON.stringify(request) + "\n").join("");
    await writer.write(new TextEncoder().encode(text));
  };
  say(...requests).catch(() => {});
  return {
    batch,
    say,
    /** Makes one request, and returns its answer. */
    ask: (command: string, ...args: string[]): Promise<Answer> => {
      const id = crypto.randomUUID();
      const asked = Promise.withResolvers<Answer>();
      if (over) asked.reject(new Error("the batch has ended"));
      else waiting.set(id, asked);
      // A batch that has ended does not read it: the promise is rejected then.
      say({ id, command, args }).catch(() => {});
      const answer = asked.promise.finally(() => waiting.delete(id));
      // A test that has failed may wait for it no more: what has failed is to be seen, not this.
      answer.catch(() => {});
      return answer;
    },
    count: () => answers.length,
    answers: () => answers,
    end: async () => {
      await writer.close().catch(() => {});
      await hearing;
      return await batch.status;
    },
  };
}
