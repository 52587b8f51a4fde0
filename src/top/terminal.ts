import { Failed, reason } from "../cli/errors.ts";
import { writeMeanwhile } from "../cli/standard_output.ts";
import type { Size } from "./screen.ts";
import type { Style } from "../show/table.ts";

/** Where screens are drawn and keys come from; tests give their own. */
export interface Terminal {
  /** How large it is now. */
  size(): Size;
  /** Takes it over: keys come one by one, and what was on it is kept for later. */
  enter(): void;
  /** Gives it back as it was. May be called at any time, and more than once. */
  leave(): Promise<void>;
  /**
   * Draws the lines, of which those that are there already cost nothing. Waits for nothing:
   * as long as the terminal is held, only the last of them are kept.
   */
  draw(lines: readonly string[]): void;
  /** Forgets what is there: the next `draw` draws everything. */
  invalidate(): void;
  /** Waits for input. Returns nothing when there will be no more. */
  read(): Promise<string | undefined>;
}

/** Whether there is a terminal that screens can be drawn on. */
export function isCapable(term: string | undefined): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal() && !["dumb", "", undefined]
    .includes(term);
}

/** How screens may look: after NO_COLOR, and the locale by the order of locale(7). */
export function styleOf(environment: ReadonlyMap<string, string>, noColour: boolean): Style {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map((name) => environment.get(name))
    .find((value) => value !== undefined && value !== "") ?? "";
  return { colour: !noColour, unicode: /utf-?8/i.test(locale) };
}

/** The size, or that of a terminal of old where it is not known. */
export function sizeOr80x24(look: () => Size = Deno.consoleSize): Size {
  try {
    const { columns, rows } = look();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // Not known.
  }
  return { columns: 80, rows: 24 };
}

/** How often to look for keys where the runtime cannot wait for them, in milliseconds. */
const KEY_WAIT = 30;

// xterm's ctlseqs: the alternate screen, the cursor, and whether long lines wrap.
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J";
const LEAVE = "\u001b[0m\u001b[2J\u001b[H\u001b[?7h\u001b[?25h\u001b[?1049l";

/** What changes a screen of the lines before into one of the lines now. */
export function difference(before: readonly string[], now: readonly string[]): string {
  const changes = now.flatMap((line, i) =>
    line === before[i] ? [] : [`\u001b[${i + 1};1H\u001b[2K${line}`]
  );
  // Synchronised: where the terminal can, all at once.
  return changes.length === 0 ? "" : `\u001b[?2026h${changes.join("")}\u001b[?2026l`;
}

/** The terminal of standard input and output. */
export class Console implements Terminal {
  #shown: readonly string[] = [];
  #entered = false;
  /** What is being written, and the screen that is to follow it. */
  #writing: Promise<void> | undefined;
  #next: readonly string[] | undefined;
  #failure: Failed | undefined;
  readonly #decoder = new TextDecoder();
  readonly #input = new Uint8Array(1024);

  size(): Size {
    return sizeOr80x24();
  }

  enter(): void {
    this.#entered = true;
    // Not merely cbreak: nothing but a key that is read may end or stop this.
    Deno.stdin.setRaw(true);
    this.#write(ENTER);
    this.invalidate();
  }

  async leave(): Promise<void> {
    if (!this.#entered) return;
    this.#entered = false;
    this.#next = undefined;
    this.#write(LEAVE);
    // However long it is held: to change its modes would wait for that, too (tcsetattr(3)).
    await this.#writing;
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone, or one half of it.
    }
  }

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

  invalidate(): void {
    this.#shown = [];
  }

  async read(): Promise<string | undefined> {
    for (;;) {
      try {
        const count = await Deno.stdin.read(this.#input);
        if (count === null) return undefined;
        return this.#decoder.decode(this.#input.subarray(0, count), { stream: true });
      } catch (error) {
        // Others who share the terminal may have made it non-blocking.
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await new Promise((resolve) => setTimeout(resolve, KEY_WAIT));
      }
    }
  }

  /** Writes after what is being written. A terminal that is held keeps nothing else waiting. */
  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const writing = this.#finish(this.#writing, bytes);
    this.#writing = writing;
    writing.then(() => {
      if (this.#writing !== writing) return;
      this.#writing = undefined;
      this.#drawNext();
    });
  }

  async #finish(before: Promise<void> | undefined, bytes: Uint8Array): Promise<void> {
    await before;
    try {
      await writeMeanwhile(bytes, "lines");
    } catch (error) {
      this.#failure ??= new Failed(`cannot write to the terminal: ${reason(error)}`);
    }
  }
}
