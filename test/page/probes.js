// @ts-check

/** What the tests ask of a page from inside. It is put into every page before the page's own scripts. */

let shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { value, hadRecentInput } = entry.toJSON();
    if (hadRecentInput === false) shifted += value;
  }
}).observe({ type: "layout-shift", buffered: true });

Object.assign(globalThis, {
  probes: {
    /** The sum of the layout shifts so far that no input of the user's explains. */
    shifted: () => shifted,
    startShifts: () => {
      shifted = 0;
    },
    tooPale,
    widthBeyond: () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  },
});

/** Texts with less contrast to what is behind them than WCAG 2.2 asks for at level AA (1.4.3); disabled controls are excepted there. */
function tooPale() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (element === null || node.textContent?.trim() === "" || !element.checkVisibility() || isExcepted(element))
      continue;
    const style = getComputedStyle(element);
    const sizePx = parseFloat(style.fontSize);
    const isLarge = sizePx >= 24 || (sizePx >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = contrast(parse(style.color), behind(element));
    if (ratio < (isLarge ? 3 : 4.5)) pale.push(`${ratio.toFixed(2)}: ${node.textContent?.trim().slice(0, 40)}`);
  }
  return pale;
}

/** @param {Element} element */
function isExcepted(element) {
  return element.closest(":disabled, .unseen, script, style, noscript") !== null;
}

/**
 * The nearest background that is not transparent. The page has none that shines through.
 *
 * @param {Element} element
 */
function behind(element) {
  for (let at = /** @type {Element | null} */ (element); at !== null; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.alpha === 1) return colour;
    if (colour.alpha > 0) throw new Error(`${at.className} has a background that shines through`);
  }
  throw new Error("The page has no background");
}

/** @param {string} text "rgb(1, 2, 3)" or "rgba(1, 2, 3, 0.4)" */
function parse(text) {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return { channels: [red, green, blue], alpha };
}

/** @typedef {ReturnType<typeof parse>} Colour */

/**
 * @param {Colour} one
 * @param {Colour} other
 */
function contrast(one, other) {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** @param {Colour} colour */
function luminance({ channels }) {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
