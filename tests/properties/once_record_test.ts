import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { beginningOfOnce, codeOfOnce, parseOnce } from "../../src/task/once_record.ts";
import { formatRun, type RunRecord } from "../../src/task/record.ts";
import { BadRecord } from "../../src/task/record_file.ts";
import { makeRunId } from "../../src/task/run_id.ts";
import { anyText, property, unless } from "./property.ts";

const RUN = makeRunId({ id: "bd200950-9fcf-473f-8493-ae3ff3a33e51", at: 1000 }, "", 1);

const records: fc.Arbitrary<RunRecord> = fc.record({
  version: fc.constant(2 as const),
  run: fc.constant(RUN),
  task: fc.constant("a"),
  inode: fc.nat(),
  pid: fc.nat(),
  shim: fc.nat(),
  command: fc.array(anyText, { minLength: 1, maxLength: 3 }),
  directory: anyText,
  log: fc.option(anyText),
  stderr: fc.option(anyText),
  started: fc.nat(),
  limits: fc.constant({}),
  labels: fc.constant({ k: "v" }),
  once: fc.constant(true),
});

/** Overwrites the room in a mark as the shim does. */
function ended(mark: string, code: number): string {
  const line = `ended ${code}\n`;
  const at = RUN.length + 1;
  return mark.slice(0, at) + line + mark.slice(at + line.length);
}

property(
  "parseOnce() returns the record and the exit status, and nothing of what was interrupted",
  fc.tuple(records, fc.nat(255), fc.nat()),
  ([record, code, cut]) => {
    const mark = beginningOfOnce(RUN) + formatRun(record);
    assertEquals(parseOnce(mark, RUN), { record, code: undefined });
    assertEquals(codeOfOnce(mark), undefined);
    assertEquals(parseOnce(ended(mark, code), RUN), { record, code });
    assertEquals(codeOfOnce(ended(mark, code)), code);
    const begun = beginningOfOnce(RUN).length;
    const part = mark.slice(0, begun + cut % (mark.length - begun));
    assertEquals(parseOnce(part, RUN), { record: undefined, code: undefined });
  },
);

property("parseOnce() takes any text for a mark or a bad one", anyText, (text) => {
  for (const given of [text, `${RUN}\n${text}`, beginningOfOnce(RUN) + text]) {
    const parsed = unless([BadRecord], () => parseOnce(given, RUN));
    assert(parsed === undefined || parsed.record === undefined || parsed.record.run === RUN);
    const code = codeOfOnce(given);
    assert(code === undefined || code >= 0 && code <= 255);
  }
});
