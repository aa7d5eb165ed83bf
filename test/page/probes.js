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
    /** What is read out of the element that has the focus. */
    focused: () => {
      const element = document.activeElement;
      const isField = element instanceof HTMLInputElement || element instanceof HTMLSelectElement;
      const labels = isField ? element.labels : null;
      return element?.getAttribute("aria-label") ?? labels?.[0]?.innerText ?? element?.textContent ?? "";
    },
    /** Scrolls down in steps, one a frame, and returns how long the slowest of them took. */
    scrollToEnd: async () => {
      let [slowestMs, last] = [0, performance.now()];
      for (let at = -1; at !== scrollY;) {
        at = scrollY;
        scrollBy({ top: 600, behavior: "instant" });
        const now = await new Promise((resolve) => requestAnimationFrame(resolve));
        slowestMs = Math.max(slowestMs, now - last);
        last = now;
      }
      return slowestMs;
    },
    /** Once all of these texts are on the page, and that has been painted. */
    shown: async (/** @type {string[]} */ texts) => {
      while (!texts.every((text) => document.body?.innerText.includes(text)))
        await new Promise((resolve) => requestAnimationFrame(resolve));
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    },
    widthBeyond: () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  },
});
