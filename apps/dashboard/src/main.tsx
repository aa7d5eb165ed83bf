import "./page.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { enter } from "./api/session.ts";
import { applyTheme } from "./frame/theme.ts";
import { Gate } from "./gate/gate.tsx";
import { cache } from "./live/cache.ts";
import { feed } from "./live/feed.ts";
import { makeRouter } from "./router.tsx";

const place = document.getElementById("page");
if (place === null) throw new Error("index.html has no place for the page");
const root = createRoot(place);

applyTheme();
// A new link that is put into the address of a page that is open changes nothing but the fragment.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#code=")) location.reload();
});
enter().then(
  (entry) => (entry === "in" ? open() : show(<Gate why={entry} />)),
  () => show(<Gate why="unreachable" />),
);

function open(): void {
  feed.start();
  show(
    <QueryClientProvider client={cache}>
      <RouterProvider router={makeRouter()} />
    </QueryClientProvider>,
  );
}

function show(what: ReactNode): void {
  root.render(<StrictMode>{what}</StrictMode>);
}
