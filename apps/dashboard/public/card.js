// @ts-check
import { now, post } from "./api.js";
import { badge, way } from "./badge.js";
import { el, list, setAttribute, setText } from "./dom.js";
import { bytes, duration, none, rate, roughly, running } from "./figures.js";
import { downtimeMeter } from "./meter.js";
import { phases, verdicts } from "./words.js";

/** @import { Migration, MigrationDevice, Phase } from "@godwit/contract" */
/** @import { View } from "./dom.js" */
/** @typedef {{ migration: Migration, sentence: string, live: boolean }} Shown */

const beginning = "The switchover has begun; it ends on one side or the other.";
const deviceColumns = ["Pending", "After the stop", "Own time", "Sent", "Rounds"];
/** @type {Phase[]} */
const course = ["queued", "preflight", "precopy", "switchover"];

/**
 * A migration under way. Its headline is the verdict's sentence.
 *
 * @param {Shown} first
 * @returns {View<Shown>}
 */
export function card({ migration: { id, guest } }) {
  const [verdict, moving, meter, steps, cancel] = [
    badge(),
    way(),
    downtimeMeter(),
    phaseSteps(),
    cancelButton(id, guest),
  ];
  const [sentence, elapsed] = [el("p", { class: "sentence" }), el("span", { class: "figure" })];
  const figures = figureRow(["Bandwidth", "Ready in", "Deadline in", "Sent"]);
  const devices = deviceTable();
  const heading = el("h3", { id: `guest-${id}` }, guest);
  const node = el(
    "article",
    { class: "card", "aria-labelledby": heading.id },
    el("header", { class: "card-head" }, heading, moving.node, verdict.node),
    el("div", { class: "card-do" }, el("span", { class: "label" }, "Elapsed"), elapsed, cancel.button),
    sentence,
    meter.node,
    steps.node,
    el("div", { class: "card-figures" }, figures.node, devices.node),
    cancel.note,
  );
  return {
    node,
    update({ migration, sentence: said, live }) {
      const { phase } = migration;
      moving.update(migration);
      verdict.update(phase === "precopy" && migration.verdict ? verdicts[migration.verdict.kind] : phases[phase]);
      setText(sentence, said);
      steps.update(phase);
      meter.update(migration);
      devices.update(migration.devices);
      cancel.update(phase);
      if (!live) return;
      const since = now() - Date.parse(migration.startedAt ?? migration.createdAt);
      setText(elapsed, running(now() - Date.parse(migration.createdAt)));
      figures.update([
        rate(migration.bandwidthBytesPerSec),
        duration(migration.etaMs),
        roughly(migration.limits.deadlineMs - since),
        bytes(migration.sentBytes),
      ]);
    },
  };
}

/** Where it stands: the four phases in a row, with those behind it and the one it is in. */
function phaseSteps() {
  const items = course.map((phase) => el("li", {}, phases[phase].word));
  const node = el("ol", { class: "steps", "aria-label": "Phase" }, ...items);
  return {
    node,
    /** @param {Phase} phase */
    update(phase) {
      const at = course.indexOf(phase === "unknown" ? "switchover" : phase);
      for (const [index, item] of items.entries()) {
        setAttribute(item, "aria-current", index === at ? "step" : undefined);
        setAttribute(item, "data-done", index < at);
      }
    },
  };
}

/** @param {string[]} labels */
function figureRow(labels) {
  const values = labels.map(() => el("dd", { class: "figure" }, none));
  const pairs = labels.map((label, index) => el("div", {}, el("dt", { class: "label" }, label), values[index] ?? ""));
  return {
    node: el("dl", { class: "figures" }, ...pairs),
    /** @param {string[]} texts */
    update(texts) {
      for (const [index, value] of values.entries()) setText(value, texts[index] ?? none);
    },
  };
}

function deviceTable() {
  const headings = ["Device", ...deviceColumns].map((text) => el("th", { scope: "col", role: "columnheader" }, text));
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
  const cells = deviceColumns.map((label) => el("td", { class: "figure", role: "cell", "data-label": label }, none));
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

/**
 * Cancelling is safe until the switchover: the guest goes on where it is. After that the button stays, and says why it does nothing.
 *
 * @param {string} id
 * @param {string} guest
 */
function cancelButton(id, guest) {
  const note = el("p", { class: "card-note", id: `note-${id}`, role: "status" });
  const button = el("button", { type: "button", class: "quiet", "aria-describedby": note.id }, "Cancel");
  setAttribute(button, "aria-label", `Cancel the migration of ${guest}`);
  let asked = false;
  button.addEventListener("click", () => {
    asked = true;
    button.disabled = true;
    setText(note, "Cancelling …");
    post(`/v1/migrations/${id}/cancel`).catch((/** @type {unknown} */ error) => {
      asked = false;
      setText(note, error instanceof Error ? error.message : String(error));
    });
  });
  return {
    button,
    note,
    /** @param {Phase} phase */
    update(phase) {
      const late = phase === "switchover" || phase === "unknown";
      if (late) setText(note, beginning);
      button.disabled = late || asked;
    },
  };
}
