/**
 * Draws what a program has written to a terminal: reads that from standard input, and prints an SVG
 * image of the last screen that was whole. For scripts/picture.
 */

/** How a character is shown (ECMA-48, Select Graphic Rendition). */
interface Style {
  bold: boolean;
  dim: boolean;
  reverse: boolean;
  /** The number of the colour, 0 to 7; undefined is that of the terminal. */
  colour: number | undefined;
}

interface Cell {
  character: string;
  style: Style;
}

/** Neighbouring characters of a row that are shown alike. */
interface Run {
  column: number;
  text: string;
  style: Style;
}

const PLAIN: Style = { bold: false, dim: false, reverse: false, colour: undefined };

/** The end of a screen that is whole: until then, top has the terminal hold its redrawing. */
const WHOLE = "\u001b[?2026l";

/** The screen of a terminal, as far as top uses one: its cursor, erasing, and attributes. */
export class Screen {
  #cells: Cell[][];
  #row = 0;
  #column = 0;
  #style = PLAIN;

  constructor(readonly columns: number, readonly rows: number) {
    this.#cells = Array.from({ length: rows }, () => []);
  }

  /**
   * Takes what a program writes.
   *
   * @throws {Error} at a control sequence that is not known here.
   */
  write(text: string): void {
    // A control sequence (ECMA-48, 5.4), a control character, or any other character.
    // deno-lint-ignore no-control-regex
    for (const [all, parameters, final] of text.matchAll(/\u001b\[([?>]?[\d;]*)(.)|[^]/gu)) {
      if (final !== undefined) this.#control(parameters ?? "", final);
      else if (all === "\r") this.#column = 0;
      else if (all === "\n") this.#row++;
      else if (all < " ") throw new Error(`unknown control character ${JSON.stringify(all)}`);
      else this.#put(all);
    }
  }

  /** The rows as text, without the spaces at their ends. */
  get lines(): string[] {
    return this.#cells.map((row) =>
      Array.from(row, (cell) => cell?.character ?? " ").join("").trimEnd()
    );
  }

  /** The runs of a row, without what nobody can see. */
  runs(row: number): Run[] {
    const runs: Run[] = [];
    for (const [column, cell] of Array.from(this.#cells[row] ?? []).entries()) {
      const { character, style } = cell ?? { character: " ", style: PLAIN };
      const last = runs.at(-1);
      if (last?.style === style) last.text += character;
      else runs.push({ column, text: character, style });
    }
    return runs.map(trimmed).filter(({ text }) => text !== "");
  }

  #put(character: string): void {
    const row = this.#cells[this.#row];
    if (row !== undefined && this.#column < this.columns) {
      row[this.#column++] = { character, style: this.#style };
    }
  }

  #control(parameters: string, final: string): void {
    // Modes, such as that the cursor is hidden.
    if (parameters.startsWith("?") && "hl".includes(final)) return;
    const numbers = parameters.split(";").map(Number);
    switch (final) {
      case "H":
        [this.#row, this.#column] = [(numbers[0] || 1) - 1, (numbers[1] || 1) - 1];
        return;
      case "J":
        if (numbers[0] === 2) this.#cells = this.#cells.map(() => []);
        return;
      case "K":
        this.#cells[this.#row] = numbers[0] === 2 ? [] : this.#rowUpToHere();
        return;
      case "m":
        this.#style = numbers.reduce(styled, this.#style);
        return;
    }
    throw new Error(`unknown control sequence ${JSON.stringify(parameters + final)}`);
  }

  #rowUpToHere(): Cell[] {
    return (this.#cells[this.#row] ?? []).slice(0, this.#column);
  }
}

function styled(style: Style, attribute: number): Style {
  if (attribute === 0) return PLAIN;
  if (attribute === 1) return { ...style, bold: true };
  if (attribute === 2) return { ...style, dim: true };
  if (attribute === 7) return { ...style, reverse: true };
  if (attribute >= 30 && attribute <= 37) return { ...style, colour: attribute - 30 };
  throw new Error(`unknown attribute ${attribute}`);
}

/** Returns a run without the spaces at its ends, which only a reversed one shows. */
function trimmed({ column, text, style }: Run): Run {
  if (style.reverse) return { column, text, style };
  return { column: column + text.length - text.trimStart().length, text: text.trim(), style };
}

/** Returns what was written until the last screen was whole: what comes later is the leaving. */
export function untilWhole(written: string): string {
  return written.slice(0, written.lastIndexOf(WHOLE) + WHOLE.length);
}

const INK = "#d8d8d8", PAPER = "#1b1d1e";
const COLOURS = [PAPER, "#f2665a", "#7ec16e", "#e5c07b", "#6ab0f3", "#c792ea", "#56b6c2", INK];

/** The size of a character, and the space around the screen, in pixels. */
const WIDE = 8.4, HIGH = 18, MARGIN = 12;

/** Draws a screen as an SVG image whose characters are text. */
export function svg(screen: Screen, title: string): string {
  const width = round(screen.columns * WIDE + 2 * MARGIN);
  const height = screen.rows * HIGH + 2 * MARGIN;
  const rows = screen.lines.flatMap((_, row) => screen.runs(row).map((run) => drawn(run, row)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" rx="6" fill="${PAPER}"/>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${INK}" xml:space="preserve">
${rows.join("\n")}
</g>
</svg>
`;
}

function drawn({ column, text, style }: Run, row: number): string {
  const { bold, dim, reverse, colour } = style;
  const length = [...text].length;
  const [left, top] = [round(MARGIN + column * WIDE), MARGIN + row * HIGH];
  const width = round(length * WIDE);
  const ink = colour === undefined ? INK : COLOURS[colour] ?? INK;
  const attributes = [
    `x="${left}" y="${top + 13}" textLength="${width}"`,
    bold ? 'font-weight="bold"' : "",
    dim ? 'opacity="0.6"' : "",
    reverse ? `fill="${PAPER}"` : colour === undefined ? "" : `fill="${ink}"`,
  ].filter((attribute) => attribute !== "").join(" ");
  const behind = `<rect x="${left}" y="${top}" width="${width}" height="${HIGH}" fill="${ink}"/>`;
  return `${reverse ? behind : ""}<text ${attributes}>${escaped(text)}</text>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

if (import.meta.main) {
  const [columns, rows, title = ""] = Deno.args;
  const screen = new Screen(Number(columns), Number(rows));
  screen.write(untilWhole(await new Response(Deno.stdin.readable).text()));
  await Deno.stdout.write(new TextEncoder().encode(svg(screen, title)));
}
