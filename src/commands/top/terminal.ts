import { Failed, reason } from "../../cli/errors.ts";
import { readStandardInput } from "../../cli/standard_input.ts";
import { writeMeanwhile } from "../../cli/standard_output.ts";
import type { Size } from "./screen.ts";
import type { Style } from "../../show/table.ts";

/**
 * Returns whether standard input and output are a terminal that can show screens.
 *
 * @param term The value of $TERM.
 */
export function isCapable(term: string | undefined): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal() && !["dumb", "", undefined]
    .includes(term);
}

/**
 * Returns the style of screens.
 *
 * @param environment LC_ALL, LC_CTYPE and LANG, which decide in this order (locale(7)) whether
 * the terminal shows Unicode.
 * @param noColour Whether NO_COLOR is set.
 */
export function styleOf(environment: ReadonlyMap<string, string>, noColour: boolean): Style {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map((name) => environment.get(name))
    .find((value) => value !== undefined && value !== "") ?? "";
  return { colour: !noColour, unicode: /utf-?8/i.test(locale) };
}

/** Returns the size of the terminal, or 80 columns and 24 rows if the size is unknown. */
export function sizeOr80x24(readSize: () => Size = Deno.consoleSize): Size {
  try {
    const { columns, rows } = readSize();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // The size is unknown.
  }
  return { columns: 80, rows: 24 };
}

// xterm's ctlseqs: the alternate screen (1049), the cursor (25) and the wrapping of lines (7).
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J";
const LEAVE = "\u001b[0m\u001b[2J\u001b[H\u001b[?7h\u001b[?25h\u001b[?1049l";

/** Returns the output that changes the lines of one screen into those of the next. */
export function difference(before: readonly string[], now: readonly string[]): string {
  const changes = now.flatMap((line, i) =>
    line === before[i] ? [] : [`\u001b[${i + 1};1H\u001b[2K${line}`]
  );
  // Mode 2026, synchronised output: a terminal that has it shows all changes at once.
  return changes.length === 0 ? "" : `\u001b[?2026h${changes.join("")}\u001b[?2026l`;
}

/** A terminal: screens are drawn on it and keys are read from it. Tests pass fakes. */
export type Terminal = Pick<Console, "size" | "enter" | "leave" | "draw" | "invalidate" | "read">;

/** The terminal of standard input and output. */
export class Console {
  #shown: readonly string[] = [];
  #entered = false;
  /** The write that is under way. */
  #writing: Promise<void> | undefined;
  /** The screen to be drawn after it. */
  #next: readonly string[] | undefined;
  #failure: Failed | undefined;
  readonly #decoder = new TextDecoder();
  readonly #input = new Uint8Array(1024);

  /** Returns the present size. */
  size(): Size {
    return sizeOr80x24();
  }

  /** Switches to raw mode and to the alternate screen. */
  enter(): void {
    this.#entered = true;
    // Not cbreak mode, in which ^C, ^\ and ^Z send signals instead of being read as keys.
    Deno.stdin.setRaw(true);
    this.#write(ENTER);
    this.invalidate();
  }

  /** Restores the mode and the screen. May be called at any time, and more than once. */
  async leave(): Promise<void> {
    if (!this.#entered) return;
    this.#entered = false;
    this.#next = undefined;
    this.#write(LEAVE);
    // However long the terminal accepts no output: to change its mode waits for it too, as
    // TCSADRAIN does (tcsetattr(3)).
    await this.#writing;
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal has hung up.
    }
  }

  /**
   * Draws a screen: only the lines that differ from the previous one are written. Does not
   * block: while the terminal does not accept output, only the latest screen is kept.
   *
   * @throws {Failed} if an earlier write has failed.
   */
  draw(lines: readonly string[]): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#next = lines;
    if (this.#writing === undefined) this.#drawNext();
  }

  #drawNext(): void {
    if (this.#next === undefined) return;
    const changes = difference(this.#shown, this.#next);
    this.#shown = this.#next;
    this.#next = undefined;
    if (changes !== "") this.#write(changes);
  }

  /** Has the next `draw` write all lines. */
  invalidate(): void {
    this.#shown = [];
  }

  /** Waits for input; undefined at the end of input. */
  async read(): Promise<string | undefined> {
    const count = await readStandardInput(this.#input);
    if (count === null) return undefined;
    return this.#decoder.decode(this.#input.subarray(0, count), { stream: true });
  }

  /** Starts a write after the one that is under way, then draws the next screen. */
  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const writing = this.#writeAfter(this.#writing, bytes);
    this.#writing = writing;
    writing.then(() => {
      if (this.#writing !== writing) return;
      this.#writing = undefined;
      this.#drawNext();
    });
  }

  async #writeAfter(previous: Promise<void> | undefined, bytes: Uint8Array): Promise<void> {
    await previous;
    try {
      await writeMeanwhile(bytes, "lines");
    } catch (error) {
      this.#failure ??= new Failed(`cannot write to the terminal: ${reason(error)}`);
    }
  }
}
