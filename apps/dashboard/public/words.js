// @ts-check
import { svg } from "./dom.js";

/** @import { Guest, Host, Phase, VerdictKind } from "@godwit/contract" */

/** @typedef {"plain" | "calm" | "good" | "warn" | "bad"} Tone */
/** @typedef {keyof typeof shapes} Icon */
/** @typedef {{ word: string, icon: Icon, tone: Tone }} Word */

/** Every state has a word, an icon and a tone, so that none is told by its colour alone. */

/** @type {Record<Phase, Word>} */
export const phases = {
  queued: { word: "Queued", icon: "wait", tone: "plain" },
  preflight: { word: "Preflight", icon: "wait", tone: "plain" },
  precopy: { word: "Precopy", icon: "move", tone: "calm" },
  switchover: { word: "Switchover", icon: "swap", tone: "calm" },
  unknown: { word: "Unknown", icon: "ask", tone: "warn" },
  completed: { word: "Completed", icon: "check", tone: "good" },
  aborted: { word: "Aborted", icon: "stop", tone: "warn" },
  failed: { word: "Failed", icon: "cross", tone: "bad" },
  lost: { word: "Lost", icon: "cross", tone: "bad" },
};

/** @type {Record<VerdictKind, Word>} */
export const verdicts = {
  converging: { word: "Converging", icon: "converge", tone: "calm" },
  ready: { word: "Ready", icon: "check", tone: "good" },
  needsMore: { word: "Needs more", icon: "alert", tone: "warn" },
  hopeless: { word: "Hopeless", icon: "cross", tone: "bad" },
  degraded: { word: "Degraded", icon: "alert", tone: "warn" },
  unknown: { word: "Unknown", icon: "ask", tone: "plain" },
};

/** @type {Record<Host["state"], Word>} */
export const hostStates = {
  connected: { word: "Connected", icon: "check", tone: "good" },
  disconnected: { word: "Disconnected", icon: "cross", tone: "bad" },
  fenced: { word: "Fenced", icon: "stop", tone: "bad" },
};

/** @type {Record<Guest["state"] | "moving", Word>} */
export const guestStates = {
  running: { word: "Running", icon: "dot", tone: "good" },
  stopped: { word: "Stopped", icon: "stop", tone: "warn" },
  unknown: { word: "Unknown", icon: "ask", tone: "warn" },
  lost: { word: "Lost", icon: "cross", tone: "bad" },
  moving: { word: "Moving", icon: "move", tone: "calm" },
};

/** Strokes in a square of 16. */
const shapes = {
  check: ["M3.5 8.5l3 3 6-7"],
  cross: ["M4.5 4.5l7 7", "M11.5 4.5l-7 7"],
  stop: ["M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11", "M4.2 4.2l7.6 7.6"],
  ask: ["M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6", "M8 12.2v.1"],
  alert: ["M8 3v6.2", "M8 12.4v.1"],
  wait: ["M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11", "M8 5v3.2l2.2 1.3"],
  move: ["M2.5 8h10", "M9 4.5L12.5 8 9 11.5"],
  swap: ["M3 5.5h9", "M9.5 3L12 5.5", "M13 10.5H4", "M6.5 13L4 10.5"],
  converge: ["M2.5 3.5C7 3.5 8 8 13.5 8", "M2.5 12.5C7 12.5 8 8 13.5 8"],
  dot: ["M8 6.4a1.6 1.6 0 1 0 0 3.2a1.6 1.6 0 1 0 0-3.2"],
};

/** @param {Icon} name */
export function icon(name) {
  const paths = shapes[name].map((d) => svg("path", { d }));
  return svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, ...paths);
}
