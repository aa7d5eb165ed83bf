// @ts-check
import { ApiError, post } from "./api.js";
import { el, setAttribute, setText } from "./dom.js";

/** @import { World } from "./world.js" */
/** @typedef {{ value: string, text: string, disabled?: boolean }} Choice */

/** Where the API's pointers to a wrong field lead. */
const pointers = { guest: "/guest", destination: "/destination", limit: "/limits/downtimeLimitMs" };

/** Starts a migration. What the API refuses is said beside the field that it points to, or else below the button. */
export function startForm() {
  const guest = field("guest", "Guest", el("select", { name: "guest", required: true }));
  const destination = field("destination", "Destination", el("select", { name: "destination", required: true }));
  const limitInput = el("input", {
    name: "limit",
    type: "number",
    min: 1,
    max: 2_000_000,
    step: 1,
    value: 300,
    required: true,
  });
  const limit = field("limit", "Downtime limit", limitInput, "ms");
  const button = el("button", { type: "submit" });
  const message = el("p", { class: "form-message", role: "status" });
  const heading = el("h2", { id: "new-migration" }, "New migration");
  const form = el(
    "form",
    { class: "panel", novalidate: true },
    guest.node,
    destination.node,
    limit.node,
    button,
    message,
  );
  const fields = { guest, destination, limit };
  let sending = false;

  const submit = async () => {
    sending = true;
    refresh();
    clear(message, fields);
    const body = {
      guest: guest.control.value,
      destination: destination.control.value,
      limits: { downtimeLimitMs: limitInput.valueAsNumber },
    };
    try {
      await post("/v1/migrations", body);
      setText(message, `${nameIn(guest.control)} is on its way to ${nameIn(destination.control)}.`);
    } catch (error) {
      explain(error, message, fields);
    }
    sending = false;
    refresh();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) void submit();
  });

  /** @type {World | undefined} */
  let world;
  const refresh = () => {
    if (world === undefined) return;
    choose(guest.control, guestChoices(world));
    choose(destination.control, destinationChoices(world, guest.control.value));
    const [what, where] = [nameIn(guest.control), nameIn(destination.control)];
    button.disabled = sending || what === "" || where === "";
    setText(button, what === "" || where === "" ? "Nothing to move" : `Move ${what} to ${where}`);
  };
  form.addEventListener("change", refresh);
  return {
    node: el("section", { "aria-labelledby": heading.id }, heading, form),
    /** @param {World} next */
    update(next) {
      world = next;
      refresh();
    },
  };
}

/** @typedef {{ node: HTMLElement, control: HTMLSelectElement | HTMLInputElement, error: HTMLElement }} Field */

/**
 * @template {HTMLSelectElement | HTMLInputElement} Control
 * @param {string} name
 * @param {string} text
 * @param {Control} control
 * @param {string} [unit]
 */
function field(name, text, control, unit) {
  control.id = `field-${name}`;
  const error = el("span", { class: "field-error", id: `error-${name}` });
  setAttribute(control, "aria-describedby", error.id);
  const label = el("label", { for: control.id, class: "label" }, text);
  const box = el("span", { class: "box" }, control);
  if (unit !== undefined) box.append(el("span", { class: "unit" }, unit));
  return { node: el("div", { class: `field field-${name}` }, label, box, error), control, error };
}

/**
 * @param {HTMLElement} message
 * @param {Record<string, Field>} fields
 */
function clear(message, fields) {
  setText(message, "");
  setAttribute(message, "data-tone", undefined);
  for (const { control, error } of Object.values(fields)) {
    setText(error, "");
    setAttribute(control, "aria-invalid", undefined);
  }
}

/**
 * @param {unknown} error
 * @param {HTMLElement} message
 * @param {Record<keyof typeof pointers, Field>} fields
 */
function explain(error, message, fields) {
  setAttribute(message, "data-tone", "bad");
  const wrong = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  const placed = wrong.filter(({ pointer, detail }) => {
    const found = Object.entries(pointers).find(([, known]) => known === pointer);
    if (found === undefined) return false;
    const { control, error: place } = fields[/** @type {keyof typeof pointers} */ (found[0])];
    setText(place, detail);
    setAttribute(control, "aria-invalid", "true");
    control.focus();
    return true;
  });
  const told = wrong.length > 0 && placed.length === wrong.length;
  setText(message, told ? "It was not started; see above." : error instanceof Error ? error.message : String(error));
}

/**
 * Brings a select's choices up to date and keeps what is chosen as long as it can be; untouched when nothing has changed, since it may be
 * open.
 *
 * @param {HTMLSelectElement} select
 * @param {Choice[]} choices
 */
function choose(select, choices) {
  const signature = JSON.stringify(choices);
  if (select.dataset["choices"] === signature) return;
  select.dataset["choices"] = signature;
  const { value } = select;
  const options = choices.map(({ value: own, text, disabled }) => el("option", { value: own, disabled }, text));
  select.replaceChildren(...options);
  const free = choices.filter(({ disabled }) => disabled !== true);
  select.value = (free.find((choice) => choice.value === value) ?? free[0])?.value ?? "";
}

/**
 * @param {World} world
 * @returns {Choice[]}
 */
function guestChoices({ guests }) {
  return guests.map(({ id, name, host, migrationId }) => {
    const moving = migrationId !== undefined;
    return { value: id, text: `${name} on ${host}${moving ? ", moving" : ""}`, disabled: moving };
  });
}

/**
 * Connected hosts other than the guest's.
 *
 * @param {World} world
 * @param {string} guestId
 * @returns {Choice[]}
 */
function destinationChoices({ guests, hosts }, guestId) {
  const here = guests.find(({ id }) => id === guestId)?.hostId;
  if (here === undefined) return [];
  return hosts
    .filter(({ id, state }) => id !== here && state === "connected")
    .map(({ id, name }) => ({ value: id, text: name }));
}

/** @param {HTMLSelectElement} select */
function nameIn({ selectedOptions: [option] }) {
  return option?.text.split(" ")[0] ?? "";
}
