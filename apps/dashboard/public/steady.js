// @ts-check

/**
 * Text with figures in it breaks into more or fewer lines as they change. It keeps the height that it once took, so that what stands below
 * does not move up and down with it; another width begins anew.
 */
const watched = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    if (!(target instanceof HTMLElement)) continue;
    const isAsWide = target.dataset["width"] === String(contentRect.width);
    target.dataset["width"] = String(contentRect.width);
    target.style.minHeight = isAsWide ? `${contentRect.height}px` : "";
  }
});

/** @param {HTMLElement} element */
export function steady(element) {
  watched.observe(element);
}
