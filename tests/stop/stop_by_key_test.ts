import { assertEquals } from "@std/assert";
import { parseNotice } from "../../src/stop/stop_by_key.ts";

Deno.test("what top tells root's command is taken as a notice only if it is a whole one", () => {
  const notices = [
    { stop: "a", inode: 7, patience: 30_000 },
    { stop: "a", inode: 7, patience: 0 },
    { over: 7 },
    { quit: true } as const,
  ];
  for (const notice of notices) assertEquals(parseNotice(JSON.stringify(notice)), notice);
  const others = [
    "2013-06-09T22:50:34 [WARN/top] task a was still being stopped",
    "",
    "{",
    "[]",
    "{}",
    "null",
    '{"stop":"../a","inode":7,"patience":0}',
    '{"stop":"-a","inode":7,"patience":0}',
    '{"stop":["a"],"inode":7,"patience":0}',
    '{"stop":"a","inode":"7","patience":0}',
    '{"stop":"a","inode":7.5,"patience":0}',
    '{"stop":"a","inode":7,"patience":-1}',
    '{"stop":"a","inode":7,"patience":1e15}',
    '{"stop":"a","inode":7}',
    '{"over":"7"}',
    '{"quit":1}',
  ];
  for (const text of others) assertEquals(parseNotice(text), undefined, text);
});
