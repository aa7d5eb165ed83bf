// @ts-check
import { el } from "./dom.js";
import { ended } from "./ended.js";
import { Feed } from "./feed.js";
import { gate } from "./gate.js";
import { hosts } from "./hosts.js";
import { outcomes } from "./outcomes.js";
import { enter } from "./session.js";
import { startForm } from "./start-form.js";
import { strip } from "./strip.js";
import { underWay } from "./under-way.js";
import { World } from "./world.js";

/** @import { Why } from "./gate.js" */

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
/** Durations that run are shown in whole seconds. */
const tickMs = 500;

enter().then(
  (entry) => (entry === "in" ? open() : shut(entry)),
  () => shut("unreachable"),
);

/** Shows the world from when it has first been read until the session is over; drawn once a frame at most. */
function open() {
  const world = new World();
  const feed = new Feed(world, { changed: () => draw(), signedOut: () => close() });
  const views = {
    strip: strip(),
    moving: underWay(),
    past: ended(),
    form: startForm(),
    places: hosts(),
    spoken: outcomes(),
  };
  const ticking = setInterval(() => draw(), tickMs);
  let shown = false;
  let awaited = false;

  const draw = () => {
    if (awaited || !(shown || feed.live)) return;
    awaited = true;
    requestAnimationFrame(() => {
      awaited = false;
      for (const view of Object.values(views)) view.update(world, feed);
      main.toggleAttribute("data-stale", !feed.live);
      document.title = titleOf(world);
      if (shown) return;
      shown = true;
      place(views);
    });
  };
  const close = () => {
    clearInterval(ticking);
    awaited = true;
    views.strip.node.remove();
    shut("session-over");
  };
  feed.start();
}

/** @param {Record<"strip" | "moving" | "past" | "form" | "places" | "spoken", { node: HTMLElement }>} views */
function place({ strip: top, moving, past, form, places, spoken }) {
  main.before(top.node);
  main.replaceChildren(
    el("div", { class: "column" }, moving.node, past.node),
    el("div", { class: "column" }, form.node, places.node),
    spoken.node,
  );
}

/** @param {World} world */
function titleOf({ underWay: { length } }) {
  return length === 0 ? "Godwit" : `${length} under way – Godwit`;
}

/** @param {Why} why */
function shut(why) {
  document.title = "Godwit";
  main.removeAttribute("data-stale");
  const screen = gate(why);
  main.replaceChildren(screen);
  screen.querySelector("h2")?.focus();
}
