// @ts-check
import { el, setText } from "./dom.js";
import { phases } from "./words.js";

/** @import { World } from "./world.js" */
/** @import { Feed } from "./feed.js" */

/** Says, to those who listen rather than look, how what was under way has ended, and when the news is cut and comes again. */
export function outcomes() {
  const node = el("div", { class: "unseen", role: "status", "aria-live": "polite" });
  /** @type {Set<string>} */
  let before = new Set();
  let wasLive = true;
  return {
    node,
    /**
     * @param {World} world
     * @param {Feed} feed
     */
    update({ underWay, ended }, { live }) {
      const told = ended
        .filter(({ id }) => before.has(id))
        .map(({ phase, reason }) => `${phases[phase].word}: ${reason?.sentence ?? ""}`);
      if (live !== wasLive) told.push(live ? "The news comes again." : "The orchestrator does not answer.");
      before = new Set(underWay.map(({ id }) => id));
      wasLive = live;
      if (told.length > 0) setText(node, told.join(" "));
    },
  };
}
