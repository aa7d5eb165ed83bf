import { wrapped } from "../format.ts";

/** What a terminal has of the stream that writes to it. */
export interface Terminal {
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

const up = (rows: number) => (rows === 0 ? "" : `\u001B[${rows}A`);
const clearBelow = "\u001B[J";

/**
 * Lines at the bottom of a terminal that are drawn over again. Nothing is as wide as the terminal, so that no line breaks by itself; where
 * the terminal has become narrower since, the rows into which it broke the lines are counted. What does not fit its height is left out,
 * since what has scrolled away cannot be drawn over.
 */
export class Screen {
  readonly #terminal: Terminal;
  #drawn: string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  draw(texts: string[]): void {
    const rows = Math.max(1, (this.#terminal.rows ?? 24) - 1);
    this.#drawn = this.#replace(this.#broken(texts).slice(0, rows));
  }

  /** The last word, whole: what follows begins on a line of its own. */
  end(texts: string[]): void {
    this.#replace([...this.#broken(texts), ""]);
    this.#drawn = [];
  }

  #replace(lines: string[]): string[] {
    const columns = Math.max(1, this.#terminal.columns ?? 80);
    const rows = this.#drawn.map((line) => Math.max(1, Math.ceil(line.length / columns)));
    const above = Math.max(0, rows.reduce((sum, each) => sum + each, 0) - 1);
    this.#terminal.write(`\r${up(above)}${clearBelow}${lines.join("\n")}`);
    return lines;
  }

  #broken(texts: string[]): string[] {
    const width = Math.max(20, (this.#terminal.columns ?? 80) - 1);
    return texts.flatMap((text) => wrapped(text, width, "  "));
  }
}
