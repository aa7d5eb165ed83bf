// @ts-check
import { el, setText } from "./dom.js";
import { duration, limit, range } from "./figures.js";

/** @import { Migration } from "@godwit/contract" */

/**
 * Asks before a switchover that takes the downtime as it comes, with the figures as they are at that moment. The safe answer has the focus.
 *
 * @param {string} id
 * @param {string} guest
 * @param {() => void} agreed
 */
export function switchoverDialog(id, guest, agreed) {
  const heading = el("h3", { id: `ask-${id}` }, `Switch over ${guest} now?`);
  const figures = el("p", { id: `ask-figures-${id}` });
  const no = el("button", { type: "button", class: "quiet", autofocus: true }, "Not now");
  const yes = el("button", { type: "button", class: "quiet grave" }, "Switch over");
  const node = el(
    "dialog",
    { "aria-labelledby": heading.id, "aria-describedby": figures.id },
    heading,
    figures,
    el("div", { class: "dialog-do" }, no, yes),
  );
  no.addEventListener("click", () => node.close());
  yes.addEventListener("click", () => {
    node.close();
    agreed();
  });
  return {
    node,
    open: () => node.showModal(),
    /** @param {Migration} migration */
    update({ phase, predictedDowntimeMs: ms, predictedDowntimeRangeMs: band, limits: { downtimeLimitMs } }) {
      if (phase !== "precopy") return node.close();
      const downtime =
        ms === undefined ? "not known yet" : `${duration(ms)}${band === undefined ? "" : `, likely ${range(band)}`}`;
      setText(
        figures,
        `The predicted downtime is ${downtime}; the limit is ${limit(downtimeLimitMs)}. It is taken as it comes, and cannot be taken back.`,
      );
    },
  };
}
