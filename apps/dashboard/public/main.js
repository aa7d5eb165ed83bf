// @ts-check
import { el, setText } from "./dom.js";
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
const tickMs = 500;

/** @param {Why} why */
function shut(why) {
  document.querySelector(".strip")?.remove();
  const screen = gate(why);
  main.replaceChildren(screen);
  screen.querySelector("h2")?.focus();
}

function open() {
  const world = new World();
  const feed = new Feed(world, { changed: () => draw(), signedOut: () => shut("session-over") });
  const views = [strip(), startForm(), underWay(), hosts(), ended(), outcomes()];
  const [status, form, moving, places, past, spoken] = views.map(({ node }) => node);
  let drawing = false;
  let read = false;
  const draw = () => {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      if (feed.live && !read) {
        read = true;
        main.before(status ?? "");
        main.replaceChildren(
          el("div", { class: "column wide" }, moving ?? "", past ?? ""),
          el("div", { class: "column" }, form ?? "", places ?? ""),
          spoken ?? "",
        );
      }
      if (!read) return;
      for (const view of views) view.update(world, feed);
      const count = world.underWay.length;
      document.title = count === 0 ? "Godwit" : `${count} under way – Godwit`;
      main.toggleAttribute("data-stale", !feed.live);
    });
  };
  setInterval(draw, tickMs);
  feed.start();
}

enter().then(
  (entry) => (entry === "in" ? open() : shut(entry)),
  () => shut("unreachable"),
);
