// @ts-check
import { el, list, setText } from "./dom.js";
import { bytes, duration, none } from "./figures.js";

/** @import { MigrationDevice } from "@godwit/contract" */
/** @import { View } from "./dom.js" */

const columns = ["Pending", "After the stop", "Own time", "Sent", "Rounds"];

/** The devices of a migration under way, each with what is yet to move. */
export function deviceTable() {
  const headings = ["Device", ...columns].map((text) => el("th", { scope: "col", role: "columnheader" }, text));
  const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...headings));
  const body = el("tbody", { role: "rowgroup" });
  const table = el("table", { class: "devices", role: "table", "aria-label": "Devices" }, head, body);
  return {
    node: table,
    update: list(body, { key: (/** @type {MigrationDevice} */ { name }) => name, create: deviceRow }),
  };
}

/**
 * @param {MigrationDevice} device
 * @returns {View<MigrationDevice>}
 */
function deviceRow({ name, kind }) {
  const cells = columns.map((label) => el("td", { class: "figure", role: "cell", "data-label": label }, none));
  const title = el("th", { scope: "row", role: "rowheader" }, name, el("span", { class: "kind" }, kind));
  return {
    node: el("tr", { role: "row" }, title, ...cells),
    update({ pending, rounds, sentBytes }) {
      const texts = [
        bytes(pending && pending.initialBytes + pending.precopyBytes),
        bytes(pending?.stopcopyBytes),
        duration(pending?.fixedMs),
        bytes(sentBytes),
        String(rounds),
      ];
      for (const [index, cell] of cells.entries()) setText(cell, texts[index] ?? none);
    },
  };
}
