// @ts-check

/** What the views are made of: elements whose texts and attributes are touched only when they change, so that nothing flickers. */

const svgNamespace = "http://www.w3.org/2000/svg";

/** @typedef {Record<string, string | number | boolean | undefined>} Attributes */

/**
 * An element with attributes and children; what is data goes in as text, never as markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children);
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Node} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children);
  return element;
}

/**
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * `undefined` and `false` take the attribute away; `true` sets it without a value.
 *
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean | undefined} value
 */
export function setAttribute(element, name, value) {
  if (value === undefined || value === false) element.removeAttribute(name);
  else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/**
 * A view of one item: made once for its key, then told of every change.
 *
 * @template Item
 * @typedef {{ node: HTMLElement, update: (item: Item) => void }} View
 */

/**
 * Shows a list of items in a parent, one view an item in the items' order. A view stays the same element as long as its item is there, so
 * that focus and selections survive every update.
 *
 * @template Item
 * @param {Element} parent
 * @param {{ key: (item: Item) => string, create: (item: Item) => View<Item> }} how
 * @returns {(items: Item[]) => void}
 */
export function list(parent, { key, create }) {
  /** @type {Map<string, View<Item>>} */
  const views = new Map();
  return (items) => {
    const keys = new Set(items.map(key));
    for (const [known, view] of views) {
      if (keys.has(known)) continue;
      view.node.remove();
      views.delete(known);
    }
    for (const [index, item] of items.entries()) {
      const view = views.get(key(item)) ?? create(item);
      views.set(key(item), view);
      view.update(item);
      const there = parent.children[index];
      if (there !== view.node) parent.insertBefore(view.node, there ?? null);
    }
  };
}
