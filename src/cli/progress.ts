/** How long something takes before its progress is shown, and is shown anew, in milliseconds. */
const INTERVAL = 1000;

/** How a terminal shows a line of progress. */
export interface ProgressStyle {
  /** Whether the line is redrawn in its place; else it is written once. */
  isRedrawn: boolean;
  /** Returns the width of the terminal. */
  columns(): number;
  /** Writes to standard error. */
  write(text: string): void;
}

/** Erases the line of the terminal (ECMA-48, Erase in Line). */
const ERASE = "\r\u001b[K";

/** The progress that is shown now, if any. */
let shown: Progress | undefined;

/**
 * A line on the terminal that says what is waited for and how long that may take. It is shown when
 * a second has passed, and erased at the end.
 */
export class Progress {
  readonly #begin = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #isWritten = false;
  #isDrawn = false;

  /**
   * @param describe Returns the text; it is given the time since the beginning, in milliseconds.
   * @param style How the terminal shows it.
   */
  constructor(
    private readonly describe: (elapsed: number) => string,
    private readonly style: ProgressStyle,
  ) {
    this.#timer = setInterval(() => this.draw(), INTERVAL);
  }

  /** Shows the line as it is now. */
  draw(): void {
    shown = this;
    const text = this.describe(performance.now() - this.#begin);
    if (this.style.isRedrawn) {
      // The last column stays free, for some terminals begin a new line there.
      const room = Math.max(1, this.style.columns() - 1);
      this.style.write(ERASE + [...text].slice(0, room).join(""));
      this.#isDrawn = true;
    } else if (!this.#isWritten) this.style.write(`${text}\n`);
    this.#isWritten = true;
  }

  /** Erases the line, for something else is to be written; it is shown again later. */
  erase(): void {
    if (this.#isDrawn) this.style.write(ERASE);
    this.#isDrawn = false;
  }

  /** Ends the progress, and erases the line. */
  end(): void {
    clearInterval(this.#timer);
    this.erase();
    if (shown === this) shown = undefined;
  }
}

/** Erases a line of progress, before a message is written to standard error. */
export function eraseProgress(): void {
  shown?.erase();
}
