import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { Gate } from "../gate/gate.tsx";
import { useFreshness, useGuests, useHosts, useMigrations, useOverview, useUnderWay } from "../live/hooks.ts";
import { Icon, type IconName } from "../parts/icon.tsx";
import { LiveDot, StaleBanner } from "./live-dot.tsx";
import { Outcomes } from "./outcomes.tsx";
import { Search } from "./search.tsx";
import { ThemeSwitch } from "./theme-switch.tsx";

const rail: { to: string; text: string; icon: IconName }[] = [
  { to: "/", text: "Overview", icon: "overview" },
  { to: "/migrations", text: "Migrations", icon: "move" },
  { to: "/queue", text: "Queue", icon: "queue" },
  { to: "/hosts", text: "Hosts", icon: "host" },
  { to: "/drains", text: "Drains", icon: "drain" },
  { to: "/guests", text: "Guests", icon: "guest" },
  { to: "/policies", text: "Policies", icon: "policy" },
  { to: "/settings", text: "Settings", icon: "settings" },
];

/** What stands around every screen. It keeps what the stream writes observed, so that it is there on every one. */
export function Frame(): ReactNode {
  const { ready, live, signedOut } = useFreshness();
  const main = useRef<HTMLElement>(null);
  useHosts();
  useGuests();
  useOverview();
  useMigrations();
  useTitle();
  useFocusOnWay(main);
  if (signedOut) return <Gate why="session-over" />;
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[184px_minmax(0,1fr)]">
      <a href="#main" className="sr-only focus:not-sr-only focus:absolute focus:z-30 focus:bg-surface focus:p-2">
        To the content
      </a>
      <Rail />
      <div className="min-w-0">
        <header className="sticky top-0 z-10 border-b border-line bg-surface">
          <div className="flex h-12 items-center gap-3 px-4 lg:px-6">
            <Search />
            <div className="ml-auto flex flex-none items-center gap-3">
              <LiveDot />
              <ThemeSwitch />
              <Link to="/new" className="button max-sm:!px-2" data-kind="main">
                <Icon name="plus" />
                <span className="max-sm:sr-only">New migration</span>
              </Link>
            </div>
          </div>
          <StaleBanner />
        </header>
        <main
          id="main"
          ref={main}
          tabIndex={-1}
          data-stale={ready && !live ? "" : undefined}
          className="mx-auto max-w-[1240px] px-4 pt-9 pb-12 outline-none lg:px-6"
        >
          {ready && <Outlet />}
        </main>
        <Outcomes />
      </div>
    </div>
  );
}

function Rail(): ReactNode {
  return (
    <nav aria-label="Screens" className="border-line bg-surface max-lg:border-b lg:border-r">
      <div className="flex items-center gap-2.5 px-4 lg:sticky lg:top-0 lg:block lg:px-0">
        <Link
          to="/"
          className="flex h-12 flex-none items-center gap-2.5 text-ink lg:px-5"
          aria-label="Godwit, overview"
        >
          <svg
            className="size-[26px] fill-none stroke-accent stroke-[2.6] [stroke-linecap:round] [stroke-linejoin:round]"
            viewBox="0 0 32 32"
            aria-hidden="true"
          >
            <path d="M2 20.5C8 12.5 14 10.5 18.5 13C21.5 9.5 26 8 30 8.5C26.5 10.5 24.5 13 23.5 16C21.5 21.5 15.5 24 9 22.5" />
          </svg>
          <span className="text-base font-[650] tracking-[-0.01em] max-sm:sr-only">Godwit</span>
        </Link>
        <div className="flex min-w-0 gap-0.5 overflow-x-auto max-lg:h-12 max-lg:items-center lg:mt-2 lg:flex-col lg:px-2">
          {rail.map(({ to, text, icon }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              className="flex flex-none items-center gap-2.5 rounded-md px-2 py-1.5 text-ink-soft hover:bg-sunk hover:text-ink lg:px-3"
              activeProps={{ className: "!bg-calm-wash !text-calm font-semibold", "aria-current": "page" }}
            >
              <Icon name={icon} />
              {text}
            </Link>
          ))}
          <a
            href="/docs"
            className="flex flex-none items-center gap-2.5 rounded-md px-2 py-1.5 text-ink-soft hover:bg-sunk hover:text-ink lg:mt-4 lg:px-3"
          >
            <Icon name="screen" />
            API
          </a>
        </div>
      </div>
    </nav>
  );
}

function useTitle(): void {
  const underWay = useUnderWay().length;
  useEffect(() => {
    document.title = underWay === 0 ? "Godwit" : `${underWay} under way – Godwit`;
  }, [underWay]);
}

/** Who goes to another screen by keyboard or ear is to be there, not where the link was. */
function useFocusOnWay(main: { current: HTMLElement | null }): void {
  const { pathname } = useLocation();
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [pathname, main]);
}
