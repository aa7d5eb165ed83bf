import { expect, test } from "vitest";
import { Screen } from "./screen.ts";

/** What a terminal of this size shows: as much of the control sequences as a screen uses. */
class PretendedTerminal {
  columns: number;
  readonly rows = 8;
  readonly lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    for (let at = 0; at < text.length; at += 1) {
      const character = text[at] ?? "";
      if (character === "\r") this.#column = 0;
      else if (character === "\n") this.#feed();
      else if (character === "\u001B") at += this.#control(text.slice(at + 1));
      else this.#put(character);
    }
  }

  /** How long the sequence is: "[3A" goes up, "[J" clears from here on. */
  #control(rest: string): number {
    const [sequence = "", rows] = /^\[(\d*)[AJ]/.exec(rest) ?? [];
    if (sequence.endsWith("A")) this.#row = Math.max(0, this.#row - Number(rows));
    else this.lines.splice(this.#row, Infinity, (this.lines[this.#row] ?? "").slice(0, this.#column));
    return sequence.length;
  }

  #put(character: string): void {
    if (this.#column === this.columns) this.#feed();
    const line = this.lines[this.#row] ?? "";
    this.lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }

  #feed(): void {
    [this.#row, this.#column] = [this.#row + 1, 0];
    this.lines[this.#row] ??= "";
  }
}

test("what was drawn is drawn over, whether it becomes longer or shorter", () => {
  const terminal = new PretendedTerminal(40);
  const screen = new Screen(terminal);
  screen.draw(["a guest", "  a sentence", "  another"]);
  screen.draw(["a guest", "  a sentence"]);
  expect(terminal.lines).toEqual(["a guest", "  a sentence"]);
  screen.draw(["a guest", "  a sentence", "  another"]);
  screen.end(["completed"]);
  expect(terminal.lines).toEqual(["completed", ""]);
});

test("what is wider than the terminal is broken between words, and drawn over all the same", () => {
  const terminal = new PretendedTerminal(24);
  const screen = new Screen(terminal);
  screen.draw(["the link gives 380 MB/s of what it should"]);
  expect(terminal.lines).toEqual(["the link gives 380 MB/s", "  of what it should"]);
  screen.draw(["done"]);
  expect(terminal.lines).toEqual(["done"]);
});

test("what does not fit the terminal's height is left out, but for the last word", () => {
  const terminal = new PretendedTerminal(40);
  const screen = new Screen(terminal);
  const many = Array.from({ length: 12 }, (_, index) => `line ${index}`);
  screen.draw(many);
  expect(terminal.lines).toHaveLength(7);
  screen.end(many);
  expect(terminal.lines).toEqual([...many, ""]);
});

test("a terminal that has become narrower broke the lines itself: they are drawn over too", () => {
  const terminal = new PretendedTerminal(40);
  const screen = new Screen(terminal);
  screen.draw(["x".repeat(36), "y".repeat(30)]);
  const narrower = new PretendedTerminal(20);
  narrower.write(terminal.lines.join("\n"));
  expect(narrower.lines).toHaveLength(4);
  const followed = Object.assign(terminal, { columns: 20, write: (text: string) => narrower.write(text) });
  expect(followed.columns).toBe(20);
  screen.draw(["done"]);
  expect(narrower.lines).toEqual(["done"]);
});
