// @ts-check
import { el } from "./dom.js";

/** @typedef {"used-link" | "no-session" | "session-over" | "unreachable"} Why */

const again = "A new link is printed at every start:";
const commands = ["npx godwit demo", "npx godwit server"];

/** @type {Record<Why, { title: string, what: string, doThis: string, commands: string[] }>} */
const screens = {
  "used-link": {
    title: "This link has been used, or has expired",
    what: "A link opens this page once, within fifteen minutes, in one browser.",
    doThis: again,
    commands,
  },
  "no-session": {
    title: "This page opens by a link",
    what: "The orchestrator prints it when it starts. This browser has no session, so that nothing can be shown.",
    doThis: "Open the link that was printed, or start it again:",
    commands,
  },
  "session-over": {
    title: "The session is over",
    what: "Sessions end after twelve hours, and with the orchestrator: it has probably been started again.",
    doThis: again,
    commands,
  },
  unreachable: {
    title: "The orchestrator does not answer",
    what: "The page is here, but the API behind it is not.",
    doThis: "See whether it runs, then reload; or start it again:",
    commands,
  },
};

/**
 * What is shown instead of everything else: what has happened and what to do.
 *
 * @param {Why} why
 */
export function gate(why) {
  const { title, what, doThis, commands: lines } = screens[why];
  return el(
    "section",
    { class: "gate", "aria-labelledby": "gate-title" },
    el("h2", { id: "gate-title", tabindex: -1 }, title),
    el("p", {}, what),
    el("p", {}, doThis),
    ...lines.map((line) => el("code", {}, line)),
  );
}
