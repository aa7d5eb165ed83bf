import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Frame } from "./frame/frame.tsx";
import { NowhereScreen } from "./screens/nowhere.tsx";
import { OverviewScreen } from "./screens/overview.tsx";
import { Unloaded } from "./screens/unloaded.tsx";

/** Every screen and its address. `apps/orchestrator/src/http/page.ts` answers these addresses with the page; a new one belongs there too. */

const later = async () => await import("./screens/later.ts");

const root = createRootRoute({ component: Frame, notFoundComponent: NowhereScreen });
const getParentRoute = () => root;

const overview = createRoute({ getParentRoute, path: "/", component: OverviewScreen });
const newMigration = createRoute({
  getParentRoute,
  path: "/new",
  component: lazyRouteComponent(later, "NewMigrationScreen"),
  validateSearch: texts("guest", "destination", "policy"),
});
const migrations = createRoute({
  getParentRoute,
  path: "/migrations",
  component: lazyRouteComponent(later, "MigrationsScreen"),
  validateSearch: texts("phase", "host", "policy", "text", "compare"),
});
const migration = createRoute({
  getParentRoute,
  path: "/migrations/$id",
  component: lazyRouteComponent(later, "MigrationScreen"),
});
const queue = createRoute({ getParentRoute, path: "/queue", component: lazyRouteComponent(later, "QueueScreen") });
const hosts = createRoute({
  getParentRoute,
  path: "/hosts",
  component: lazyRouteComponent(later, "HostsScreen"),
  validateSearch: texts("state"),
});
const host = createRoute({ getParentRoute, path: "/hosts/$name", component: lazyRouteComponent(later, "HostScreen") });
const drains = createRoute({ getParentRoute, path: "/drains", component: lazyRouteComponent(later, "DrainsScreen") });
const newDrain = createRoute({
  getParentRoute,
  path: "/drains/new",
  component: lazyRouteComponent(later, "NewDrainScreen"),
  validateSearch: texts("host"),
});
const drain = createRoute({ getParentRoute, path: "/drains/$id", component: lazyRouteComponent(later, "DrainScreen") });
const guests = createRoute({
  getParentRoute,
  path: "/guests",
  component: lazyRouteComponent(later, "GuestsScreen"),
  validateSearch: texts("name", "host", "state"),
});
const policies = createRoute({
  getParentRoute,
  path: "/policies",
  component: lazyRouteComponent(later, "PoliciesScreen"),
});
const settings = createRoute({
  getParentRoute,
  path: "/settings",
  component: lazyRouteComponent(later, "SettingsScreen"),
});

const tree = root.addChildren([
  overview,
  newMigration,
  migrations,
  migration,
  queue,
  hosts,
  host,
  drains,
  newDrain,
  drain,
  guests,
  policies,
  settings,
]);

type Router = ReturnType<typeof createRouter<typeof tree>>;

/** Made only once the code of a one-time link has left the address. */
export function makeRouter(): Router {
  return createRouter({
    routeTree: tree,
    scrollRestoration: true,
    defaultErrorComponent: Unloaded,
    // Filters are words: kept in the address as they are, not as JSON.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const kept = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
      const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
      return text === "" ? "" : `?${text}`;
    },
  });
}

/** While nothing else is to be done. What cannot be fetched now is asked for again where it is to be shown. */
export async function fetchLater(): Promise<void> {
  await later().catch(() => {});
}

declare module "@tanstack/react-router" {
  interface Register {
    router: Router;
  }
}

/** The filters of a screen: those of these names that the address has. */
function texts<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): Partial<Record<Name, string>> => {
    const found: Partial<Record<Name, string>> = {};
    for (const name of names) {
      const value = search[name];
      if (typeof value === "string" && value !== "") found[name] = value;
    }
    return found;
  };
}
