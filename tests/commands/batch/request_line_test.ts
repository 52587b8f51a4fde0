import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { answers } from "../../batch.ts";
import { cgroupTest, exec, LANCO } from "../../harness.ts";
import { InvalidLine, parseLine } from "../../../src/commands/batch/request_line.ts";

/** Lines with a lone surrogate, and the field that has it. */
const HALVES: [string, string][] = [
  [String.raw`{"id":1,"command":"run","task":"a","args":["printf","\udce9"]}`, "args"],
  [String.raw`{"id":1,"command":"run","task":"a\uD800","args":["true"]}`, "task"],
  [String.raw`{"id":1,"command":"run\udce9","task":"a","args":["true"]}`, "command"],
  [
    String.raw`{"id":1,"command":"run","task":"a","args":["env"],"env":{"A":"\ude00\ud83d"}}`,
    "env",
  ],
  [String.raw`{"id":1,"command":"run","task":"a","args":["env"],"env":{"A\udce9":""}}`, "env"],
  [String.raw`{"id":1,"command":"run","task":"a","args":["pwd"],"chdir":"/caf\udce9"}`, "chdir"],
  [String.raw`{"id":1,"command":"ls","label":["a=\udce9"]}`, "label"],
];

Deno.test("parseLine() refuses a lone surrogate, and takes a pair of them", () => {
  for (const [line, field] of HALVES) {
    const { message, id } = assertThrows(() => parseLine(line), InvalidLine);
    assertMatch(message, new RegExp(`^"${field}" has a lone surrogate`), line);
    assertEquals(id, 1);
  }
  const pair = String.raw`{"command":"run","args":["a","\ud83d\ude00"],"env":{"A":"\ud7ff"}}`;
  assertEquals(parseLine(pair).args, ["a", "😀"]);
});

Deno.test("parseLine() returns any id as a value of which JSON is the same text", () => {
  const ids = [
    "9007199254740993",
    "-9223372036854775808",
    '{"a":[1,{"b":18446744073709551615}],"c":"9007199254740993"}',
    "[0.12345678901234567891,1e400,-1e-400,1E+16]",
    '{"__proto__":9007199254740993}',
    "9007199254740991",
    String.raw`"\udce9"`,
  ];
  for (const id of ids) {
    const { fields, ...line } = parseLine(`{"id":${id},"command":"check","task":"a"}`);
    assertEquals(JSON.stringify(line.id), id);
    assertEquals(fields, {});
  }
  const { id, fields } = parseLine('{"command":"run","memory":9007199254740993}');
  assertEquals([id, fields], [null, { memory: 9007199254740992 }]);
});

cgroupTest("batch refuses a line that is nested deeply, and answers the next one", async (ns) => {
  const nested = (levels: number, core = "") => "[".repeat(levels) + core + "]".repeat(levels);
  const ids = [nested(99), nested(100), nested(20_000, "9007199254740993"), nested(1_000_000)];
  const all = await answers(
    ns,
    ...ids.map((id) => `{"id":${id},"command":"ls"}`),
    { id: "last", command: "ls" },
  );
  assertEquals(
    all.map(({ id, exitStatus }) => `${JSON.stringify(id)} ${exitStatus}`).sort(),
    [`${nested(99)} 0`, "null 2", "null 2", "null 2", '"last" 0'].sort(),
  );
  assertMatch(all.map(({ messages }) => messages[0]).join(), /nested more than 100 levels deep/);
});

cgroupTest("batch launches no command that has other bytes than were sent", async (ns) => {
  const before = ns.traces();
  for (const [line, field] of HALVES) {
    const [{ id, exitStatus, output, messages }] = await answers(ns, line);
    assertEquals([id, exitStatus, output, messages.length], [1, 2, null, 1], line);
    assertMatch(messages[0], new RegExp(`"${field}" has a lone surrogate`));
  }
  assertEquals(ns.traces(), before);
});

cgroupTest("batch answers with the id that it was sent, also with a long integer", async (ns) => {
  await ns.must("run", "a", "sleep", "1000");
  // The wait with the first id is in progress when the others come.
  const ids = ["9007199254740992", "9007199254740993", '[{"a":9007199254740993}]'];
  const requests = ids.map((id) => `{"id":${id},"command":"wait","task":"a"}`);
  const stop = '{"id":1e400,"command":"stop","task":"a","now":true}';
  const stdin = [...requests, stop].join("\n");
  const { code, stdout } = await exec([LANCO, ns.name, "batch"], { stdin });
  assertEquals(code, 0);
  const told = stdout.split("\n").filter((line) => line.includes('"exitStatus":'));
  assertEquals(
    told.map((line) => /^{"id":(.*?),"exitStatus"/.exec(line)?.[1] ?? line).sort(),
    [...ids, "1e400"].sort(),
  );
});
