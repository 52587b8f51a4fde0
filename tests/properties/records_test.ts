import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LIMIT_NAMES } from "../../src/cgroup/limits.ts";
import { formatLogIdentity } from "../../src/task/log_identity.ts";
import {
  formatRun,
  parseRun,
  parseStatus,
  parseStop,
  type RunRecord,
} from "../../src/task/record.ts";
import { BadRecord, LONGEST_RECORD, parseRecord } from "../../src/task/record_file.ts";
import {
  flag,
  integer,
  list,
  named,
  nullable,
  number,
  object,
  partial,
  text,
} from "../../src/show/schema_types.ts";
import { SIGNALS } from "../../src/task/signals.ts";
import { STOP_TIMEOUTS } from "../../src/task/stop_manner.ts";
import { parsePauses } from "../../src/task/pauses.ts";
import { KILL_TIMES, TIME_LIMITS } from "../../src/task/time_limit.ts";
import { departures } from "../show/conform.ts";
import { anyText, property, textOf, unless } from "./property.ts";

const natural = fc.maxSafeNat();
const limit = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(Math.abs);
const path = anyText.map((name) => `/${name}`);

const records: fc.Arbitrary<RunRecord> = fc.record({
  version: fc.constant(2 as const),
  task: anyText,
  run: anyText,
  inode: natural,
  pid: fc.option(natural),
  command: fc.array(anyText),
  directory: path,
  log: fc.option(path),
  stderr: fc.option(path),
  started: natural,
  sinceBoot: natural,
  limits: fc.dictionary(fc.constantFrom(...LIMIT_NAMES), limit),
  labels: fc.dictionary(anyText, anyText, { maxKeys: 64 }),
  stop: fc.record({
    signal: fc.constantFrom(...Object.values(SIGNALS)),
    timeout: fc.integer(STOP_TIMEOUTS),
    main: fc.boolean(),
  }, { requiredKeys: [] }),
  timeout: fc.record({ after: fc.integer(TIME_LIMITS), killAfter: fc.integer(KILL_TIMES) }),
  shim: natural,
});

const ALL_OF_RUN = object("a run", {
  version: integer(""),
  task: text(""),
  run: text(""),
  inode: integer(""),
  pid: nullable(integer("")),
  command: list("", text("")),
  directory: text(""),
  log: nullable(text("")),
  stderr: nullable(text("")),
  started: integer(""),
  sinceBoot: integer(""),
  limits: partial("", Object.fromEntries(LIMIT_NAMES.map((name) => [name, number("")]))),
  labels: named("", text("")),
  stop: partial("", { signal: text(""), timeout: integer(""), main: flag("") }),
  timeout: object("", { after: integer(""), killAfter: integer("") }),
  shim: integer(""),
});
/** An older lanĉo has not written all of it. */
const RUN = {
  ...ALL_OF_RUN,
  required:
    ALL_OF_RUN.required?.filter((field) =>
      !["sinceBoot", "labels", "stderr", "stop", "timeout"].includes(field)
    ) ?? [],
};
const STOP = object("a stop", { by: text(""), signal: text(""), at: integer("") });

property("parseRun() reads what formatRun() has written", records, (record) => {
  assertEquals(parseRun(formatRun(record)), record);
});

/** Words up to the longest argument that the kernel takes, of letters of all lengths in UTF-8 and JSON. */
const longCommands = fc.array(
  fc.tuple(fc.constantFrom("a", '"', "\x01", "é", "€", "😀", "\u2028"), fc.nat(131_000), fc.nat(9)),
  { minLength: 1, maxLength: 3 },
).map((words) =>
  words.flatMap(([unit, times, more]) => Array(more + 1).fill(unit.repeat(times / (more + 1))))
);

property(
  "formatRun() writes no record that is too long to be read, whatever the command",
  fc.tuple(records, fc.oneof({ arbitrary: fc.array(anyText), weight: 20 }, longCommands)),
  ([record, command]) => {
    const written = formatRun({ ...record, command });
    assert(new TextEncoder().encode(written).length <= LONGEST_RECORD);
    const read = parseRun(written);
    if (read.command.at(-1) === "…" && command.at(-1) !== "…") {
      read.command.pop();
      assert(read.command.length <= command.length);
      for (const [i, word] of read.command.entries()) assert(command[i]?.startsWith(word));
      read.command = command;
    }
    assertEquals(read, { ...record, command });
  },
);

/** JSON of all kinds; mostly a record of which one field is something else. */
function forged(good: fc.Arbitrary<object>): fc.Arbitrary<string> {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(null, -1, 0.5, 2 ** 53, "1", "", [], {}, [null], { memory: "1" }, true),
    fc.dictionary(fc.constantFrom(...LIMIT_NAMES, "disk", "__proto__"), fc.jsonValue()),
  );
  const one = good.chain((record) =>
    fc.tuple(fc.constantFrom(...Object.keys(record)), odd).map(([field, value]) =>
      JSON.stringify({ ...record, [field]: value })
    )
  );
  const less = good.chain((record) =>
    fc.constantFrom(...Object.keys(record)).map((field) =>
      JSON.stringify({ ...record, [field]: undefined })
    )
  );
  const infinite = good.map((record) => JSON.stringify(record).replace(/:\d+/, ":1e999"));
  return fc.oneof(one, one, less, infinite, fc.json(), anyText, textOf('{}[],:"0123.-eE\\nul', 30));
}

property(
  "parseRun() refuses what is forged, or gives a record of the right types",
  forged(records),
  (forgery) => {
    const run = unless([BadRecord], () => parseRun(forgery));
    if (run === undefined) return;
    assertEquals(departures(run, RUN), []);
    assert(
      [run.inode, run.pid ?? 0, run.started, run.shim].every((number) => number >= 0),
      forgery,
    );
    for (const value of Object.values(run.limits)) assert(Number.isFinite(value) && value >= 0);
  },
);

const stops = fc.record({
  by: textOf("abcXYZ019-", 20).map((name) => name.replaceAll(/[^a-zA-Z0-9-]/g, "_")),
  signal: fc.constantFrom(...Object.values(SIGNALS)),
  at: natural,
});

property("parseStop() reads what was written down", stops, (stop) => {
  assertEquals(parseStop(JSON.stringify(stop) + "\n"), stop);
});

property(
  "parseStop() gives nothing for what is forged, or a record of the right types",
  forged(stops),
  (forgery) => {
    const stop = parseStop(forgery);
    if (stop === undefined) return;
    assertEquals(departures(stop, STOP), []);
    assert(stop.at >= 0 && Object.values<string>(SIGNALS).includes(stop.signal));
  },
);

property(
  "parseRecord() gives what the JSON says, or refuses it",
  fc.oneof(fc.json(), anyText),
  (json) => {
    const record = unless([BadRecord], () => parseRecord(json));
    if (record !== undefined) assertEquals(record, JSON.parse(json));
  },
);

const ID = "01m8k8c4pwc2b1rha7kk9y6fjh";

property(
  "parseStatus() takes what a shim writes, and gives nothing that is no exit status",
  fc.tuple(
    fc.oneof(
      fc.nat(300).map(String),
      textOf("0123456789 -+x", 5).map((text) => text.replaceAll("\n", "")),
    ),
    fc.oneof(
      fc.nat(2 ** 40).map((ticks) => (ticks / 100).toFixed(2)),
      textOf("0123456789. -", 5).map((text) => text.replaceAll("\n", "")),
    ),
  ),
  ([code, uptime]) => {
    const line = `ended ${code} ${uptime}\n`;
    const status = parseStatus(`${ID}\nexecuted\n${line}`);
    assert(status.executed);
    const isGood = /^\d{1,3}$/.test(code) && Number(code) <= 255 &&
      /^(\d{1,12}\.\d\d)?$/.test(uptime);
    assertEquals(status.code, isGood ? Number(code) : undefined);
    if (isGood && uptime !== "") assertEquals(status.uptime, Math.round(Number(uptime) * 1000));
    for (const text of [`${ID}\n`, `${ID}\n${line}`, `${ID}\nexecuted\nfailed\n${line}`, "", ID]) {
      assertEquals(parseStatus(text), { executed: false });
    }
    const log = { dev: 64769, ino: 2 ** 40, birth: code.length > 1 ? 1.7e12 : null, size: 4096 };
    const withLog = parseStatus(`${ID}\nexecuted ${formatLogIdentity(log)}\n${line}`);
    assertEquals(withLog, { ...status, log });
    assertEquals(parseStatus(`${ID}\nexecuted ${code}:${uptime}:\n${line}`), status);
    // Half of it says no more than none.
    assertEquals(parseStatus(`${ID}\nexecuted\n${line.slice(0, -1)}`), { executed: true });
  },
);

const pauses = fc.array(fc.record({ what: fc.constantFrom("pause", "resume"), at: fc.nat() }));

property(
  "parsePauses() reads what was written, and passes over what is forged, or cut off",
  fc.tuple(pauses, textOf("pause resum0123456789\n", 20), pauses),
  ([before, forged, after]) => {
    const lines = (list: { what: string; at: number }[]) =>
      list.map(({ what, at }) => `\n${what} ${String(at).padStart(15, "0")}\n`).join("");
    const parsed = parsePauses(`${lines(before)}x${forged.replaceAll("\n", "x")}${lines(after)}`);
    assertEquals(parsed, [...before, ...after]);
  },
);
