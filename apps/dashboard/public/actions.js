// @ts-check
import { post } from "./api.js";
import { el, setAttribute, setText } from "./dom.js";
import { switchoverDialog } from "./switchover-dialog.js";

/** @import { Migration, Phase } from "@godwit/contract" */

const begun = "The switchover has begun; it ends on one side or the other.";
const early = "It can be switched over once it is in precopy.";

/**
 * What can be done about a migration under way, until its switchover begins. What cannot be done stays, and it is said why.
 *
 * @param {string} id
 * @param {string} guest
 */
export function actions(id, guest) {
  const note = el("p", { class: "card-note", id: `note-${id}`, role: "status" });
  const button = (/** @type {string} */ text) =>
    el("button", { type: "button", class: "quiet", "aria-describedby": note.id }, text);
  const [hold, now, cancel] = [button("Hold"), button("Switch over now"), button("Cancel")];
  setAttribute(now, "aria-label", `Switch over ${guest} now`);
  setAttribute(cancel, "aria-label", `Cancel the migration of ${guest}`);
  /** What has been asked for and not come about yet. @type {Set<HTMLButtonElement>} */
  const asked = new Set();
  let said = "";
  let held = false;
  /** @type {Phase} */
  let phase = "queued";

  const refresh = () => {
    const late = phase === "switchover" || phase === "unknown";
    setText(hold, held ? "Let go" : "Hold");
    setAttribute(hold, "aria-label", held ? `Let ${guest} go` : `Hold ${guest} at the brink`);
    for (const each of [hold, now, cancel]) {
      const why = late ? begun : each === now && phase !== "precopy" ? early : undefined;
      each.disabled = why !== undefined || asked.has(each);
      setAttribute(each, "title", why);
    }
    setText(note, late ? begun : said === "" && phase !== "precopy" ? early : said);
  };
  /**
   * @param {HTMLButtonElement} by
   * @param {string} meanwhile
   * @param {string} path
   * @param {unknown} [body]
   */
  const ask = async (by, meanwhile, path, body) => {
    asked.add(by);
    said = meanwhile;
    refresh();
    try {
      await post(`/v1/migrations/${id}/${path}`, body);
      if (by === hold) said = "";
    } catch (error) {
      said = error instanceof Error ? error.message : String(error);
      asked.delete(by);
    }
    // Cancelling and switching over come about later; holding has.
    if (by !== cancel) asked.delete(by);
    refresh();
  };
  const dialog = switchoverDialog(id, guest, () => void ask(now, "Switching over …", "switchover", { at: "now" }));
  hold.addEventListener("click", () => void ask(hold, held ? "Letting go …" : "Holding …", "hold", { hold: !held }));
  now.addEventListener("click", dialog.open);
  cancel.addEventListener("click", () => void ask(cancel, "Cancelling …", "cancel"));
  return {
    node: el("div", { class: "card-do" }, hold, now, cancel),
    note,
    dialog: dialog.node,
    /** @param {Migration} migration */
    update(migration) {
      ({ phase } = migration);
      held = migration.limits.hold;
      dialog.update(migration);
      refresh();
    },
  };
}
