import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Usage } from "../../src/cli/errors.ts";
import { exitOf, parseSignal, SIGNALS } from "../../src/task/signals.ts";
import { anyText, property, textOf, unless } from "./property.ts";

const known = fc.constantFrom(...Object.entries(SIGNALS));

/** The text with some letters in the other case. */
const anyCase = (text: string) =>
  fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }).map((lower) =>
    [...text].map((letter, i) => lower[i] ? letter.toLowerCase() : letter).join("")
  );

const spellings = known.chain(([number, name]) =>
  fc.oneof(
    anyCase(name),
    anyCase(name.slice("SIG".length)),
    fc.nat(5).map((zeros) => "0".repeat(zeros) + number),
  ).map((text) => ({ text, name }))
);

property("parseSignal() takes each signal by its name and its number", spellings, (spelling) => {
  assertEquals(parseSignal(spelling.text), spelling.name);
});

property(
  "parseSignal() takes nothing else",
  fc.oneof(anyText, textOf("SIGTERMKHUPsigkill0123456789+-", 9), fc.integer().map(String)),
  (text) => {
    const signal = unless([Usage], () => parseSignal(text));
    if (signal === undefined) return;
    const [number] = Object.entries(SIGNALS).find(([, name]) => name === signal) ?? [];
    assert(number !== undefined);
    assert([signal, signal.slice(3), number].includes(text.toUpperCase().replace(/^0+/, "")), text);
  },
);

property(
  "exitOf() says one of two: what it exited with, or what killed it",
  fc.option(fc.nat(255), { nil: undefined }),
  (status) => {
    const { code, signal } = exitOf(status);
    if (status === undefined) return assertEquals([code, signal], [null, null]);
    assert((code === null) !== (signal === null));
    const number = Object.entries(SIGNALS).find(([, name]) => name === signal)?.[0];
    assertEquals(code ?? 128 + Number(number), status);
  },
);
