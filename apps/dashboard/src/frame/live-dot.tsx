import { type ReactNode, useEffect, useState } from "react";
import { clock } from "../figures.ts";
import { useFreshness } from "../live/hooks.ts";
import { Icon } from "../parts/icon.tsx";

/** That the news is fresh, and how old it is. */
export function LiveDot(): ReactNode {
  const { live, newsAt } = useFreshness();
  const silentS = useSilentSeconds(newsAt);
  return (
    <span className="flex items-center gap-1 whitespace-nowrap" title={`Last heard at ${clock(newsAt)}`}>
      <Icon name="dot" className={live ? "text-good" : "text-warn"} />
      <strong className={`font-semibold ${live ? "text-good" : "text-warn"}`}>{live ? "Live" : "Stale"}</strong>
      <span className="inline-block min-w-8 text-right text-ink-soft max-md:hidden">{silentS}&nbsp;s</span>
    </span>
  );
}

/** Says since when what is shown is not news any more. */
export function StaleBanner(): ReactNode {
  const { ready, live, newsAt } = useFreshness();
  const silentS = useSilentSeconds(newsAt);
  if (live || !ready) return null;
  return (
    <p className="absolute w-full border-b border-line bg-warn-wash px-4 py-2 lg:px-6">
      <strong className="font-semibold text-warn">{`No news for ${Math.max(1, silentS)}\u00a0s.`}</strong>{" "}
      <span>{`This is how it was at ${clock(newsAt)}; asking again every second.`}</span>
    </p>
  );
}

function useSilentSeconds(newsAt: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, Math.round((now - newsAt) / 1000));
}
