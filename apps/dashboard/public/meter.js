// @ts-check
import { el, setAttribute, setText, svg } from "./dom.js";
import { duration, limit, range } from "./figures.js";

/** @import { Migration } from "@godwit/contract" */

/** In the drawing's units: the track reaches to twice the limit, whose mark thus stands in the middle. */
const width = 1000;
const height = 10;

/**
 * The predicted downtime with its interval against the limit: what is above the limit has another colour. What is off the track is told
 * by the figures and by a torn end.
 */
export function downtimeMeter() {
  const [value, interval, limitText] = [el("strong"), el("span"), el("span")];
  const [past, likely, bar, over] = [rect("past"), rect("likely"), rect("bar"), rect("excess")];
  const mark = svg("line", { class: "mark", x1: width / 2, x2: width / 2, y1: -4, y2: height + 4 });
  const off = svg("path", { class: "off", d: `M${width - 26} -2l-10 14M${width - 14} -2l-10 14` });
  for (const half of [past, over]) setAttribute(half, "x", width / 2);
  setAttribute(past, "width", width / 2);
  const track = rect("track");
  setAttribute(track, "width", width);
  const drawing = svg(
    "svg",
    { viewBox: `0 -4 ${width} ${height + 8}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...[track, past, likely, bar, over, mark, off],
  );
  const gauge = el("div", { class: "gauge", role: "meter", "aria-label": "Predicted downtime" }, drawing);
  const node = el(
    "div",
    { class: "meter" },
    el("p", { class: "meter-head" }, el("span", { class: "label" }, "Predicted downtime"), value, interval),
    el("p", { class: "meter-limit" }, limitText),
    gauge,
  );
  return {
    node,
    /** @param {Migration} migration */
    update({ predictedDowntimeMs: ms, predictedDowntimeRangeMs: rangeMs, limits: { downtimeLimitMs } }) {
      const x = (/** @type {number} */ at) => Math.min(1, at / (2 * downtimeLimitMs)) * width;
      const [low, high] = rangeMs ?? [ms ?? 0, ms ?? 0];
      setAttribute(bar, "width", Math.min(width / 2, x(ms ?? 0)));
      setAttribute(over, "width", Math.max(0, x(ms ?? 0) - width / 2));
      setAttribute(likely, "x", x(low));
      setAttribute(likely, "width", x(high) - x(low));
      setAttribute(node, "data-fits", ms === undefined ? undefined : fits(ms, high, downtimeLimitMs));
      setAttribute(off, "visibility", (ms ?? 0) > 2 * downtimeLimitMs ? "visible" : "hidden");
      setText(value, ms === undefined ? "not known yet" : duration(ms));
      setText(interval, rangeMs === undefined ? "" : `likely ${range(rangeMs)}`);
      setText(limitText, `limit ${limit(downtimeLimitMs)}`);
      setAttribute(gauge, "aria-valuemin", 0);
      setAttribute(gauge, "aria-valuemax", 2 * downtimeLimitMs);
      setAttribute(gauge, "aria-valuenow", Math.min(ms ?? 0, 2 * downtimeLimitMs));
      const said = ms === undefined ? "not known yet" : `${duration(ms)}, likely ${range([low, high])}`;
      setAttribute(gauge, "aria-valuetext", `${said}; the limit is ${limit(downtimeLimitMs)}`);
    },
  };
}

/**
 * How a downtime compares to its limit: surely below, perhaps, or above.
 *
 * @param {number} ms
 * @param {number} highMs
 * @param {number} limitMs
 */
function fits(ms, highMs, limitMs) {
  if (highMs <= limitMs) return "yes";
  return ms <= limitMs ? "perhaps" : "no";
}

/** @param {string} name */
function rect(name) {
  return svg("rect", { class: name, x: 0, y: 0, width: 0, height });
}
