// @ts-check
import { el, setText } from "./dom.js";
import { steady } from "./steady.js";

/** What the figures say as the headline, and below it what would help. */
export function verdictText() {
  const [headline, rest] = [el("p", { class: "sentence" }), el("p", { class: "advice" })];
  for (const paragraph of [headline, rest]) steady(paragraph);
  return {
    node: el("div", { class: "verdict" }, headline, rest),
    /** @param {string} text */
    update(text) {
      const [first = text] = /^.*?[.!?](?= [A-Z]|$)/.exec(text) ?? [];
      setText(headline, first);
      setText(rest, text.slice(first.length).trim());
    },
  };
}
