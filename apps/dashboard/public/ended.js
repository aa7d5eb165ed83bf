// @ts-check
import { now } from "./api.js";
import { badge, way } from "./badge.js";
import { el, list, setAttribute, setText } from "./dom.js";
import { ago, clock, duration, limit, range } from "./figures.js";
import { icon, phases } from "./words.js";
import { endedAtMost } from "./world.js";

/** @import { Migration } from "@godwit/contract" */
/** @import { View } from "./dom.js" */
/** @import { World } from "./world.js" */

/** The class of a column's cells, and its heading. The reason takes a line of its own below the others. */
const columns = /** @type {const} */ ([
  ["outcome", "Outcome"],
  ["guest", "Guest"],
  ["from-to", "Way"],
  ["actual", "Downtime"],
  ["predicted", "Predicted"],
  ["limit", "Limit"],
  ["when", "Ended"],
  ["reason", "Reason"],
]);

/** What has ended, the last first. */
export function ended() {
  const [count, body] = [el("span", { class: "count" }), el("tbody", { role: "rowgroup" })];
  const headings = columns.map(([name, text]) => el("th", { scope: "col", role: "columnheader", class: name }, text));
  const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...headings));
  const heading = el("h2", { id: "ended" }, "Ended", count);
  const table = el("table", { class: "ended", role: "table", "aria-labelledby": heading.id }, head, body);
  const empty = el("div", { class: "empty" });
  setText(
    empty,
    `What has ended is listed here, with its outcome, its reason and its downtime: the last ${endedAtMost}.`,
  );
  const show = list(body, { key: (/** @type {Migration} */ { id }) => id, create: row });
  return {
    node: el("section", { "aria-labelledby": heading.id }, heading, el("div", { class: "panel" }, empty, table)),
    /** @param {World} world */
    update({ ended: all }) {
      show(all);
      setText(count, all.length === endedAtMost ? `last ${endedAtMost}` : String(all.length));
      empty.hidden = all.length > 0;
      table.hidden = all.length === 0;
    },
  };
}

/** @returns {View<Migration>} */
function row() {
  const [outcome, moved, when, downtime] = [badge(), way(), el("time"), el("span")];
  const [middle, band] = [el("span"), el("span", { class: "band" })];
  const over = el("span", { class: "over" }, icon("alert"), el("span", { class: "unseen" }, "over the limit: "));
  const cells = columns.map(([name, label]) => el("td", { role: "cell", class: name, "data-label": label }));
  const [outcomeCell, guest, wayCell, actual, predicted, limitCell, whenCell, reason] = cells;
  outcomeCell?.append(outcome.node);
  wayCell?.append(moved.node);
  whenCell?.append(when);
  actual?.append(over, downtime);
  predicted?.append(middle, band);
  return {
    node: el("tr", { role: "row" }, ...cells),
    update(migration) {
      const { phase, report, limits, endedAt = migration.createdAt } = migration;
      outcome.update(phases[phase]);
      moved.update(migration);
      if (guest) setText(guest, migration.guest);
      setText(downtime, duration(migration.downtimeMs));
      over.hidden = report?.withinLimit !== false;
      setText(middle, duration(migration.predictedDowntimeMs));
      setText(band, migration.predictedDowntimeRangeMs ? `(${range(migration.predictedDowntimeRangeMs)})` : "");
      if (limitCell) setText(limitCell, limit(limits.downtimeLimitMs));
      if (reason) setText(reason, migration.reason?.sentence ?? "");
      const at = Date.parse(endedAt);
      setText(when, ago(now() - at));
      setAttribute(when, "datetime", endedAt);
      setAttribute(when, "title", `${new Date(at).toLocaleDateString("en-GB")} ${clock(at)}`);
    },
  };
}
