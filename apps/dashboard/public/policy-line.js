// @ts-check
import { el, setAttribute, setText } from "./dom.js";
import { clock } from "./figures.js";
import { steady } from "./steady.js";

/** @import { Migration } from "@godwit/contract" */

/** The policy, what it will do and when. */
export function policyLine() {
  const [name, at, sentence] = [el("strong"), el("time"), el("span")];
  const node = el("p", { class: "policy" }, el("span", { class: "label" }, "Policy"), name, at, sentence);
  steady(node);
  return {
    node,
    /** @param {Migration} migration */
    update({ policy, intent, limits }) {
      setText(name, policy ?? "none");
      setText(at, intent?.at === undefined ? "" : `at ${clock(Date.parse(intent.at))}`);
      setAttribute(at, "datetime", intent?.at);
      at.hidden = intent?.at === undefined;
      setText(sentence, intent?.sentence ?? standingIntent(limits));
    },
  };
}

/**
 * What its limits say of every migration about which nothing else is intended.
 *
 * @param {Migration["limits"]} limits
 */
function standingIntent({ hold, window }) {
  if (hold) return "It is brought to the brink and held there until it is let go.";
  return window === undefined
    ? "It is switched over as soon as it is ready."
    : `It is switched over as soon as it is ready, from ${window.from} to ${window.to} UTC.`;
}
