// @ts-check
import { el, setAttribute } from "./dom.js";
import { icon } from "./words.js";

/** @import { Word } from "./words.js" */

/** A state with its icon and its word. Redrawn only when it is another one. */
export function badge() {
  const node = el("span", { class: "badge" });
  /** @type {string | undefined} */
  let shown;
  return {
    node,
    /** @param {Word} word */
    update({ word, icon: name, tone }) {
      if (word === shown) return;
      shown = word;
      setAttribute(node, "data-tone", tone);
      node.replaceChildren(icon(name), el("span", {}, word));
    },
  };
}

/** "alpha → beta", read out as "alpha to beta". */
export function way() {
  const [source, destination] = [el("span"), el("span")];
  const node = el("span", { class: "way" }, source, icon("move"), el("span", { class: "unseen" }, " to "), destination);
  return {
    node,
    /** @param {{ source: string, destination: string }} migration */
    update(migration) {
      source.textContent = migration.source;
      destination.textContent = migration.destination;
    },
  };
}
