import "./page.css";
import { enter } from "./api/session.ts";
import { applyTheme } from "./frame/theme.ts";
import { showUnfetched } from "./gate/unfetched.ts";
import { readEverything } from "./live/everything.ts";
import type { Way } from "./page.tsx";

/** The first script, and a small one: it comes in and asks for what is to be shown while the rest of the page is on its way. */

applyTheme();
const way = comeIn();
// A new link that is put into the address of a page that is open changes nothing but the fragment.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#code=")) location.reload();
});
try {
  const { draw } = await import("./page.tsx");
  draw(await way);
} catch (error) {
  showUnfetched();
  throw error;
}

async function comeIn(): Promise<Way> {
  const entry = await enter().catch(() => "unreachable" as const);
  if (entry !== "in") return { why: entry };
  const everything = readEverything();
  // Who takes it is told of a failure, which may come before that.
  everything.catch(() => {});
  return { everything };
}
