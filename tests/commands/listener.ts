/** Follows the events of a namespace. */
import { LANCO, start, type TestNamespace, until } from "../harness.ts";

/** An event, as JSON. */
export type Heard = { event: string; task: string; run: string; [field: string]: unknown };

/** Starts `events --json` as the owner. Returns the events, and functions that wait for them. */
export function listen(ns: TestNamespace, ...args: string[]) {
  const process = start([LANCO, ns.name, "events", "--json", ...args], { stdout: "piped" });
  const heard: Heard[] = [];
  const hearing = (async () => {
    let rest = "";
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      heard.push(...parts.map((part) => JSON.parse(part)).filter(({ event }) => event !== null));
    }
  })();
  return {
    pid: process.pid,
    heard,
    ready: () => until("it listens", () => heard.some(({ event }) => event === "ready")),
    ends: (count: number) =>
      until("all have ended", () => heard.filter(({ event }) => event === "end").length >= count),
    status: process.status,
    stop: async () => {
      process.kill("SIGTERM");
      await process.status;
      await hearing;
    },
  };
}

/** Returns the events of a task, each in a few words. */
export function story(heard: readonly Heard[], name: string): string[] {
  return heard.filter(({ task }) => task === name).map(({ event, state, code, signal, stopped }) =>
    [event, state, code, signal, (stopped as { by: string } | null)?.by]
      .filter((word) => word !== null && word !== undefined).join(" ")
  );
}
