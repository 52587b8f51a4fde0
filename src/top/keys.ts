/**
 * A key: the character that was typed, or the name of a key that types none, such
 * as `up`, `enter` or `ctrl-c`.
 */
export type Key = string;

/** What the keys without a character send (xterm's ctlseqs, "PC-Style Function Keys"). */
const SEQUENCES: Readonly<Record<string, Key>> = {
  "[A": "up",
  "OA": "up",
  "[B": "down",
  "OB": "down",
  "[5~": "page up",
  "[6~": "page down",
  "[H": "home",
  "OH": "home",
  "[1~": "home",
  "[7~": "home",
  "[F": "end",
  "OF": "end",
  "[4~": "end",
  "[8~": "end",
};

const CONTROLS: Readonly<Record<string, Key>> = {
  "\r": "enter",
  "\n": "enter",
  "\b": "backspace",
  "\u007f": "backspace",
  "\u0003": "ctrl-c",
  "\u000c": "ctrl-l",
  "\u0015": "ctrl-u",
  "\u001a": "ctrl-z",
  "\u001c": "ctrl-\\",
};

/** What of the input has been understood, and the beginning of a sequence at its end. */
export interface Decoded {
  /** The keys, in order. */
  keys: Key[];
  /** What may go on in the next input: to be put before it, or given to `flushKeys`. */
  rest: string;
}

/** The keys in what a terminal sent. Sequences that mean nothing here are left out. */
export function decodeKeys(input: string): Decoded {
  const keys: Key[] = [];
  for (let text = input; text !== "";) {
    if (!text.startsWith("\u001b")) {
      const [character = ""] = text;
      const key = CONTROLS[character] ?? (/\P{C}/u.test(character) ? character : undefined);
      if (key !== undefined) keys.push(key);
      text = text.slice(character.length);
      continue;
    }
    // deno-lint-ignore no-control-regex -- what terminals send
    const [sequence] = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])/.exec(text) ?? [];
    if (sequence !== undefined) {
      const key = SEQUENCES[sequence.slice(1)];
      if (key !== undefined) keys.push(key);
      text = text.slice(sequence.length);
      continue;
    }
    // deno-lint-ignore no-control-regex -- the same, cut off; none is nearly as long
    if (/^\u001b(?:\[[0-?]{0,16}[ -/]?|O)?$/.test(text)) return { keys, rest: text };
    keys.push("escape");
    text = text.slice(1);
  }
  return { keys, rest: "" };
}

/** The keys in a rest that nothing has followed for a while: it was the Escape key. */
export function flushKeys(rest: string): Key[] {
  return rest === "" ? [] : ["escape"];
}
