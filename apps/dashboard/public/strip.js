// @ts-check
import { el, setAttribute, setText } from "./dom.js";
import { clock } from "./figures.js";
import { icon } from "./words.js";

/** @import { Feed } from "./feed.js" */
/** @import { World } from "./world.js" */

/**
 * One line that is always there, so that nothing moves when it changes: what there is while the news is fresh, and since when it is not
 * once the stream is cut.
 */
export function strip() {
  const [state, text] = [el("strong"), el("span")];
  const node = el("div", { class: "strip" }, el("div", { class: "within" }, icon("dot"), state, text));
  return {
    node,
    /**
     * @param {World} world
     * @param {Feed} feed
     */
    update(world, { live, newsAt, silentMs }) {
      setAttribute(node, "data-stale", !live);
      setText(state, live ? "Live" : `No news for ${Math.max(1, Math.round(silentMs / 1000))} s.`);
      setText(text, live ? countsOf(world) : `This is how it was at ${clock(newsAt)}; asking again every second.`);
    },
  };
}

/** @param {World} world */
function countsOf({ hosts, guests, underWay }) {
  const connected = hosts.filter(({ state }) => state === "connected").length;
  const parts = [
    `${connected} of ${hosts.length} hosts connected`,
    `${guests.length} ${guests.length === 1 ? "guest" : "guests"}`,
    `${underWay.length} under way`,
  ];
  return parts.join(" · ");
}
