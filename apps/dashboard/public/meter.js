// @ts-check
import { el, setAttribute, setText, svg } from "./dom.js";
import { duration, limit, range } from "./figures.js";

/** @import { Migration } from "@godwit/contract" */

/** In the drawing's units: the track reaches to twice the limit, whose mark thus stands in the middle. */
const width = 1000;
const height = 10;
const half = width / 2;

/**
 * The predicted downtime against the limit: full up to the lower end of its band, lighter up to the upper end, with a stroke at the
 * middle. What is above the limit has another colour. What is off the track is told by the figures and by a torn end.
 */
export function downtimeMeter() {
  const [value, interval, limitText] = [el("strong"), el("span"), el("span")];
  const [below, above] = [side(0, "below"), side(half, "above")];
  const middle = stroke("middle", 2);
  const mark = stroke("mark", 4);
  const off = svg("path", { class: "off", d: `M${width - 26} -2l-10 14M${width - 14} -2l-10 14` });
  setX(mark, half);
  const drawing = svg(
    "svg",
    { viewBox: `0 -4 ${width} ${height + 8}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...[below.node, above.node, middle, mark, off],
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
      for (const { update } of [below, above]) update(x(low), x(high));
      setX(middle, x(ms ?? 0));
      setAttribute(middle, "visibility", ms === undefined || ms > 2 * downtimeLimitMs ? "hidden" : "visible");
      setAttribute(node, "data-fits", ms === undefined ? undefined : fits(ms, high, downtimeLimitMs));
      setAttribute(off, "visibility", high > 2 * downtimeLimitMs ? "visible" : "hidden");
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

/**
 * What lies on one side of the limit: the same bar and band on both, cut off there, so that each side has its own colour.
 *
 * @param {number} from
 * @param {string} name
 */
function side(from, name) {
  const [track, bar, band] = [rect("track"), rect("bar"), rect("band")];
  setAttribute(track, "width", width);
  const node = svg(
    "svg",
    { class: name, x: from, y: 0, width: half, height, viewBox: `${from} 0 ${half} ${height}` },
    ...[track, bar, band],
  );
  setAttribute(node, "preserveAspectRatio", "none");
  return {
    node,
    /**
     * @param {number} low
     * @param {number} high
     */
    update(low, high) {
      setAttribute(bar, "width", low);
      setAttribute(band, "x", low);
      setAttribute(band, "width", high - low);
    },
  };
}

/** @param {string} name */
function rect(name) {
  return svg("rect", { class: name, x: 0, y: 0, width: 0, height });
}

/**
 * @param {string} name
 * @param {number} beyond how far it reaches above and below the track
 */
function stroke(name, beyond) {
  return svg("line", { class: name, y1: -beyond, y2: height + beyond });
}

/**
 * @param {SVGLineElement} line
 * @param {number} x
 */
function setX(line, x) {
  setAttribute(line, "x1", x);
  setAttribute(line, "x2", x);
}
