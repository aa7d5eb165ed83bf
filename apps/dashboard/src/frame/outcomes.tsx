import { type ReactNode, useEffect, useRef, useState } from "react";
import { isEnded } from "../live/cache.ts";
import { useFreshness, useMigrations } from "../live/hooks.ts";
import { phases } from "../words.ts";

/** Says, to those who listen rather than look, how what was under way has ended, and when the news is cut and comes again. */
export function Outcomes(): ReactNode {
  const [said, setSaid] = useState("");
  const migrations = useMigrations();
  const { live, ready } = useFreshness();
  const before = useRef(new Set<string>());
  const wasLive = useRef(live);
  useEffect(() => {
    const told = migrations
      .filter((migration) => isEnded(migration) && before.current.has(migration.id))
      .map(({ phase, reason }) => `${phases[phase].word}: ${reason?.sentence ?? ""}`);
    before.current = new Set(migrations.filter((each) => !isEnded(each)).map(({ id }) => id));
    if (ready && live !== wasLive.current)
      told.push(live ? "The news comes again." : "The orchestrator does not answer.");
    wasLive.current = live;
    if (told.length > 0) setSaid(told.join(" "));
  }, [migrations, live, ready]);
  return (
    <div className="sr-only" role="status" aria-live="polite">
      {said}
    </div>
  );
}
