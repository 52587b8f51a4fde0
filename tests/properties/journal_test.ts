import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseEntry } from "../../src/task/journal.ts";
import { anyText, property, textOf } from "./property.ts";

const run = fc.nat();
const task = textOf("abc019._-", 20).map((text) => `t${text.replaceAll(/[^\w.-]/g, "")}`);
const at = fc.nat();
const entries = fc.oneof(
  fc.record({ run, task, what: fc.constantFrom("start", "pause", "resume"), at }),
  fc.record({ run, task, what: fc.constant("exit"), status: fc.nat(255) }),
  fc.record({ run, task, what: fc.constant("stop"), at, by: anyText, signal: anyText }),
);

property("parseEntry() reads what was written down", entries, (entry) => {
  assertEquals(parseEntry(JSON.stringify(entry)), entry as ReturnType<typeof parseEntry>);
});

const forged = fc.oneof(
  anyText,
  fc.json(),
  fc.record({
    run: fc.jsonValue(),
    task: fc.oneof(task, fc.jsonValue()),
    what: fc.oneof(fc.constantFrom("start", "exit", "stop", "pause"), fc.jsonValue()),
    at: fc.jsonValue(),
    status: fc.oneof(fc.integer(), fc.jsonValue()),
  }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
);

property("parseEntry() gives nothing for what is forged, or the right types", forged, (line) => {
  const entry = parseEntry(line);
  if (entry === undefined) return;
  assert(Number.isSafeInteger(entry.run) && /^[\w.-]+$/.test(entry.task), line);
  if (entry.what === "exit") assert(entry.status >= 0 && entry.status <= 255, line);
  else assert(Number.isSafeInteger(entry.at), line);
});
