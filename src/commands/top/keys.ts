/** A key: the character it types, or for other keys a name such as `up`, `enter` or `ctrl-c`. */
export type Key = string;

/** The ends of escape sequences of keys without a character (xterm's ctlseqs, PC-Style Function Keys). */
const SEQUENCES: Readonly<Record<string, Key>> = {
  "A": "up",
  "B": "down",
  "5~": "page up",
  "6~": "page down",
  "H": "home",
  "1~": "home",
  "7~": "home",
  "F": "end",
  "4~": "end",
  "8~": "end",
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

/**
 * Returns the keys in the input of a terminal, in order, without those that have no name here; and an
 * unfinished escape sequence at its end, to be put before the next input. If none follows for a while,
 * it was the Escape key.
 */
export function decodeKeys(input: string): { keys: Key[]; rest: string } {
  const keys: Key[] = [];
  for (let text = input; text !== "";) {
    if (!text.startsWith("\u001b")) {
      const [character = ""] = text;
      const key = CONTROLS[character] ?? (/\P{C}/u.test(character) ? character : undefined);
      if (key !== undefined) keys.push(key);
      text = text.slice(character.length);
      continue;
    }
    // deno-lint-ignore no-control-regex -- an escape sequence
    const [sequence] = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])/.exec(text) ?? [];
    if (sequence !== undefined) {
      // Without the Escape, and "[" or "O" (SS3), by which the terminal's mode begins it.
      const key = SEQUENCES[sequence.slice(2)];
      if (key !== undefined) keys.push(key);
      text = text.slice(sequence.length);
      continue;
    }
    // deno-lint-ignore no-control-regex -- an unfinished one; no sequence is longer than this
    if (/^\u001b(?:\[[0-?]{0,16}[ -/]?|O)?$/.test(text)) return { keys, rest: text };
    keys.push("escape");
    text = text.slice(1);
  }
  return { keys, rest: "" };
}
