// @ts-check
import { card } from "./card.js";
import { el, list, setText } from "./dom.js";

/** @import { Feed } from "./feed.js" */
/** @import { World } from "./world.js" */

const cardsAtMost = 50;

/** The migrations under way, the newest first; room for one is kept when there is none. */
export function underWay() {
  const count = el("span", { class: "count" });
  const command = el("code");
  const empty = el(
    "div",
    { class: "empty card" },
    el("p", {}, "Nothing is moving. Start a migration with the form, or from a shell:"),
    command,
  );
  const cards = el("div", { class: "cards" });
  const rest = el("p", { class: "rest" });
  const show = list(cards, {
    key: (/** @type {import("./card.js").Shown} */ { migration }) => migration.id,
    create: card,
  });
  const heading = el("h2", { id: "under-way" }, "Under way", count);
  return {
    node: el("section", { "aria-labelledby": heading.id }, heading, empty, cards, rest),
    /**
     * @param {World} world
     * @param {Feed} feed
     */
    update(world, { live }) {
      const all = world.underWay;
      const shown = all.slice(0, cardsAtMost);
      show(shown.map((migration) => ({ migration, sentence: world.sentenceOf(migration), live })));
      setText(count, String(all.length));
      empty.hidden = all.length > 0;
      rest.hidden = all.length === shown.length;
      setText(rest, `and ${all.length - shown.length} older ones`);
      setText(command, exampleOf(world));
    },
  };
}

/**
 * The command that would start one, with names that are there.
 *
 * @param {World} world
 */
function exampleOf({ guests: [guest], hosts }) {
  const other = hosts.find((host) => host.id !== guest?.hostId && host.state === "connected");
  return `npx godwit migrate ${guest?.name ?? "<guest>"} --to ${other?.name ?? "<host>"} --watch`;
}
