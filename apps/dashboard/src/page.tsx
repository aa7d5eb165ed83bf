import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Gate, type Why } from "./gate/gate.tsx";
import { cache } from "./live/cache.ts";
import type { Everything } from "./live/everything.ts";
import { feed } from "./live/feed.ts";
import { fetchLater, makeRouter } from "./router.tsx";

const place = document.getElementById("page");
if (place === null) throw new Error("index.html has no place for the page");
const root = createRoot(place);
/** By then the other screens are fetched, whatever else is to be done. */
const idleAtLastMs = 3_000;

/** What has been asked for already, or why nobody comes in. */
export type Way = { everything: Promise<Everything> } | { why: Why };

/** The whole page, or what keeps it shut. */
export function draw(way: Way): void {
  if ("why" in way) return show(<Gate why={way.why} />);
  feed.start(way.everything);
  show(
    <QueryClientProvider client={cache}>
      <RouterProvider router={makeRouter()} />
    </QueryClientProvider>,
  );
  const fetchRest = () => void fetchLater();
  // Not every browser tells when it has nothing else to do.
  if ("requestIdleCallback" in globalThis) requestIdleCallback(fetchRest, { timeout: idleAtLastMs });
  else setTimeout(fetchRest, idleAtLastMs);
}

function show(what: ReactNode): void {
  root.render(<StrictMode>{what}</StrictMode>);
}
