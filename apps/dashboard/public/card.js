// @ts-check
import { actions } from "./actions.js";
import { now } from "./api.js";
import { badge, way } from "./badge.js";
import { deviceTable } from "./devices.js";
import { el, setAttribute, setText } from "./dom.js";
import { bytes, clock, none, rate, roughly, running, wait } from "./figures.js";
import { downtimeMeter } from "./meter.js";
import { policyLine } from "./policy-line.js";
import { verdictText } from "./verdict-text.js";
import { phases, verdicts } from "./words.js";

/** @import { Migration, Phase } from "@godwit/contract" */
/** @import { View } from "./dom.js" */
/** @typedef {{ migration: Migration, sentence: string, live: boolean }} Shown */

/** @type {Phase[]} */
const course = ["queued", "preflight", "precopy", "switchover"];

/**
 * A migration under way. Its headline is the verdict's sentence.
 *
 * @param {Shown} first
 * @returns {View<Shown>}
 */
export function card({ migration: { id, guest } }) {
  const [verdict, moving, since, said] = [badge(), way(), sinceTime(), verdictText()];
  const [meter, policy, steps, devices] = [downtimeMeter(), policyLine(), phaseSteps(), deviceTable()];
  const deeds = actions(id, guest);
  const figures = figureRow(["Elapsed", "Ready in", "Deadline in", "Bandwidth", "Written", "Sent"]);
  const heading = el("h3", { id: `guest-${id}` }, guest);
  const node = el(
    "article",
    { class: "card", "aria-labelledby": heading.id },
    el("header", { class: "card-head" }, heading, moving.node, verdict.node, since.node),
    deeds.node,
    deeds.note,
    said.node,
    meter.node,
    policy.node,
    steps.node,
    el("div", { class: "card-figures" }, figures.node, devices.node),
    deeds.dialog,
  );
  return {
    node,
    update({ migration, sentence, live }) {
      const { phase } = migration;
      moving.update(migration);
      verdict.update(phase === "precopy" && migration.verdict ? verdicts[migration.verdict.kind] : phases[phase]);
      said.update(sentence);
      steps.update(phase);
      meter.update(migration);
      policy.update(migration);
      devices.update(migration.devices);
      deeds.update(migration);
      if (!live) return;
      since.update(migration);
      figures.update([
        running(now() - Date.parse(migration.createdAt)),
        wait(migration.etaRangeMs),
        roughly(migration.limits.deadlineMs - (now() - Date.parse(migration.startedAt ?? migration.createdAt))),
        rate(migration.bandwidthBytesPerSec),
        rate(migration.dirtyBytesPerSec),
        bytes(migration.sentBytes),
      ]);
    },
  };
}

/** For how long the badge beside it has been true. */
function sinceTime() {
  const node = el("time", { class: "since" });
  return {
    node,
    /** @param {Migration} migration */
    update(migration) {
      const { phase, verdict, createdAt, startedAt = createdAt, switchoverAt = startedAt } = migration;
      const ofPhase = phase === "queued" ? createdAt : phase === "preflight" ? startedAt : switchoverAt;
      const from = phase === "precopy" ? (verdict?.since ?? startedAt) : ofPhase;
      setText(node, `for ${roughly(now() - Date.parse(from))}`);
      setAttribute(node, "datetime", from);
      setAttribute(node, "title", `since ${clock(Date.parse(from))}`);
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
