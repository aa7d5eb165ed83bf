// @ts-check
import { now } from "./api.js";
import { badge } from "./badge.js";
import { el, list, setText } from "./dom.js";
import { ago, bytes, none, rate } from "./figures.js";
import { guestStates, hostStates } from "./words.js";

/** @import { Guest, Host } from "@godwit/contract" */
/** @import { View } from "./dom.js" */
/** @import { World } from "./world.js" */
/** @typedef {{ host: Host, guests: Guest[], leaving: number, entering: number }} Shown */

/** The hosts, each with its guests: what is where. */
export function hosts() {
  const heading = el("h2", { id: "hosts" }, "Hosts and guests");
  const empty = el(
    "div",
    { class: "empty panel" },
    el("p", {}, "No agent has connected yet. On a host, run:"),
    el("code", {}, `npx godwit agent --name alpha --server ${location.origin} --token-file <agent token>`),
  );
  const parent = el("div", { class: "hosts" });
  const show = list(parent, { key: (/** @type {Shown} */ { host }) => host.id, create: hostView });
  return {
    node: el("section", { "aria-labelledby": heading.id }, heading, empty, parent),
    /** @param {World} world */
    update({ hosts: all, guests, underWay }) {
      const begun = underWay.filter(({ phase }) => phase !== "queued");
      show(
        all.map((host) => ({
          host,
          guests: guests.filter(({ hostId }) => hostId === host.id),
          leaving: begun.filter(({ sourceId }) => sourceId === host.id).length,
          entering: begun.filter(({ destinationId }) => destinationId === host.id).length,
        })),
      );
      empty.hidden = all.length > 0;
    },
  };
}

/**
 * @param {Shown} first
 * @returns {View<Shown>}
 */
function hostView({ host: { id, name } }) {
  const state = badge();
  const values = ["Link", "Free", "Leaving", "Entering"].map((label) => ({
    label,
    value: el("dd", { class: "figure" }),
  }));
  const pairs = values.map(({ label, value }) => el("div", {}, el("dt", { class: "label" }, label), value));
  const [seen, places] = [el("span", { class: "seen" }), el("ul", { class: "guests" })];
  const empty = el(
    "div",
    { class: "empty" },
    el("p", {}, "No guest here. One is created by:"),
    el("code", {}, createCommand(name)),
  );
  const heading = el("h3", { id: `host-${id}` }, name);
  const show = list(places, { key: (/** @type {Guest} */ guest) => guest.id, create: guestView });
  return {
    node: el(
      "article",
      { class: "host panel", "aria-labelledby": heading.id },
      el("header", {}, heading, seen, state.node),
      el("dl", { class: "figures" }, ...pairs),
      places,
      empty,
    ),
    update({ host, guests, leaving, entering }) {
      state.update(hostStates[host.state]);
      const held = `${guests.length} ${guests.length === 1 ? "guest" : "guests"}`;
      setText(seen, host.state === "connected" ? held : `${held}, seen ${ago(now() - Date.parse(host.lastSeenAt))}`);
      const texts = [
        host.linkBytesPerSec === undefined ? "no limit" : rate(host.linkBytesPerSec),
        bytes(host.freeBytes),
        `${leaving} of ${host.slots.outgoing}`,
        `${entering} of ${host.slots.incoming}`,
      ];
      for (const [index, { value }] of values.entries()) setText(value, texts[index] ?? none);
      show(guests);
      empty.hidden = guests.length > 0;
    },
  };
}

/**
 * @param {Guest} guest
 * @returns {View<Guest>}
 */
function guestView({ name }) {
  const [state, holds] = [badge(), el("span", { class: "holds" })];
  return {
    node: el("li", {}, el("span", { class: "name" }, name), holds, state.node),
    update({ state: said, migrationId, devices }) {
      state.update(guestStates[migrationId === undefined ? said : "moving"]);
      const kinds = [...new Set(devices.map(({ kind }) => kind))].join(", ");
      setText(holds, `${kinds} ${bytes(devices.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))}`);
    },
  };
}

/** @param {string} host */
function createCommand(host) {
  const guest = {
    name: "calm",
    host,
    devices: [{ name: "ram", kind: "memory", config: { sizeBytes: 67_108_864, port: 7200 } }],
  };
  const headers = `-H "Authorization: Bearer $(cat <token>)" -H "Content-Type: application/json"`;
  return `curl ${location.origin}/v1/guests ${headers} -d '${JSON.stringify(guest)}'`;
}
