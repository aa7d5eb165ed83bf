import { type ReactNode, useEffect, useRef } from "react";

export type Why = "used-link" | "no-session" | "session-over" | "unreachable";

const again = "A new link is printed at every start:";
const commands = ["npx godwit demo", "npx godwit server"];

const screens: Record<Why, { title: string; what: string; doThis: string }> = {
  "used-link": {
    title: "This link has been used, or has expired",
    what: "A link opens this page once, within fifteen minutes, in one browser.",
    doThis: again,
  },
  "no-session": {
    title: "This page opens by a link",
    what: "The orchestrator prints it when it starts. This browser has no session, so that nothing can be shown.",
    doThis: "Open the link that was printed, or start it again:",
  },
  "session-over": {
    title: "The session is over",
    what: "Sessions end after twelve hours, and with the orchestrator: it has probably been started again.",
    doThis: again,
  },
  unreachable: {
    title: "The orchestrator does not answer",
    what: "The page is here, but the API behind it is not.",
    doThis: "See whether it runs, then reload; or start it again:",
  },
};

/** What is shown instead of everything else: what has happened and what to do. */
export function Gate({ why }: { why: Why }): ReactNode {
  const { title, what, doThis } = screens[why];
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = "Godwit";
    heading.current?.focus();
  }, []);
  return (
    <main className="mx-auto mt-[12vh] grid w-full max-w-[520px] gap-3 px-4">
      <h1 ref={heading} tabIndex={-1} className="text-[22px] leading-7 font-[650] tracking-[-0.015em]">
        {title}
      </h1>
      <p className="text-[15px] leading-[22px] text-ink-soft">{what}</p>
      <p className="text-[15px] leading-[22px] text-ink-soft">{doThis}</p>
      {commands.map((command) => (
        <code key={command} className="command">
          {command}
        </code>
      ))}
    </main>
  );
}
