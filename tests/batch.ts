import { LANCO, start, type TestNamespace } from "./harness.ts";

/** Starts a batch, and sends it requests. What it answers is kept. */
export function openBatch(ns: TestNamespace, ...requests: object[]) {
  const batch = start([LANCO, ns.name, "batch"], { stdin: "piped", stdout: "piped" });
  const writer = batch.stdin.getWriter();
  let [said, count] = ["", 0];
  const hearing = (async () => {
    for await (const text of batch.stdout.pipeThrough(new TextDecoderStream())) {
      said += text;
      count += text.split("\n").length - 1;
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
    count: () => count,
    answers: () => said.split("\n").slice(0, -1).map((line) => JSON.parse(line)),
    end: async () => {
      await writer.close().catch(() => {});
      await hearing;
      return await batch.status;
    },
  };
}
