import { type ReactNode, useState } from "react";
import { Icon } from "./icon.tsx";

/** Copies a text; says so in its own words, without changing its width. */
export function Copy({ text, children }: { text: string; children: string }): ReactNode {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
  };
  return (
    <button
      type="button"
      className="inline-flex items-center gap-1 text-ink-soft hover:text-ink"
      title={text}
      onClick={() => void copy()}
      onBlur={() => setDone(false)}
    >
      <Icon name={done ? "check" : "copy"} className="!size-3.5" />
      <span>{children}</span>
      <span className="sr-only" role="status">
        {done ? "copied" : ""}
      </span>
    </button>
  );
}

/** What every page of one thing has: its id, itself as JSON, and itself as a command. */
export function Handles({ id, path, command }: { id: string; path: string; command: string }): ReactNode {
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-xs">
      <Copy text={id}>Copy id</Copy>
      <a className="text-ink-soft hover:text-ink" href={path}>
        As JSON
      </a>
      <Copy text={command}>As command</Copy>
    </p>
  );
}
