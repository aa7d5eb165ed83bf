import type { Guest, Host, Migration } from "@godwit/contract";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Icon, type IconName } from "../parts/icon.tsx";
import { useGuests, useHosts, useMigrations } from "../live/hooks.ts";
import { phases } from "../words.ts";

interface Hit {
  key: string;
  icon: IconName;
  text: string;
  detail: string;
  to: string;
}

const hitsAtMost = 8;

/** Finds hosts, guests and migrations by name or id; `/` leads here from anywhere. */
export function Search(): ReactNode {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const listId = useId();
  const hits = useHits(text);
  useSlash(input);

  const go = (hit: Hit | undefined) => {
    if (hit === undefined) return;
    setText("");
    input.current?.blur();
    void navigate({ to: hit.to });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && hits.length > 0) {
      event.preventDefault();
      setAt((at + step + hits.length) % hits.length);
    } else if (event.key === "Enter") go(hits[at]);
    else if (event.key === "Escape") {
      setText("");
      input.current?.blur();
    }
  };
  const isOpen = text !== "";
  return (
    <div className="relative w-full max-w-[360px]">
      <Icon name="search" className="absolute top-2 left-2 text-ink-soft" />
      <input
        ref={input}
        className="control !pl-8"
        type="text"
        role="combobox"
        aria-label="Search hosts, guests and migrations"
        aria-expanded={isOpen}
        aria-controls={listId}
        aria-activedescendant={isOpen && hits[at] ? `${listId}-${at}` : undefined}
        aria-autocomplete="list"
        placeholder="Search  /"
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setText("")}
      />
      <Found id={listId} open={isOpen} hits={hits} at={at} go={go} />
    </div>
  );
}

interface FoundParts {
  id: string;
  open: boolean;
  hits: Hit[];
  at: number;
  go: (hit: Hit) => void;
}

function Found({ id, open, hits, at, go }: FoundParts): ReactNode {
  return (
    <ul
      id={id}
      role="listbox"
      aria-label="Found"
      hidden={!open}
      className="panel absolute top-9 z-20 w-full overflow-hidden py-1 shadow-lg"
    >
      {hits.map((hit, index) => (
        <li
          key={hit.key}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === at}
          className="flex cursor-pointer items-center gap-2 px-3 py-1 aria-selected:bg-calm-wash"
          // The input keeps the focus, so that its loss does not close the list before the click.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => go(hit)}
        >
          <Icon name={hit.icon} className="text-ink-soft" />
          <span className="font-medium">{hit.text}</span>
          <span className="ml-auto truncate text-ink-soft">{hit.detail}</span>
        </li>
      ))}
      {hits.length === 0 && (
        <li role="option" aria-selected={false} aria-disabled className="px-3 py-1 text-ink-soft">
          Nothing has this name or id.
        </li>
      )}
    </ul>
  );
}

function useHits(text: string): Hit[] {
  const [hosts, guests, migrations] = [useHosts(), useGuests(), useMigrations()];
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const matches = (...texts: string[]) => texts.some((each) => each.includes(wanted));
  return [
    ...hosts.filter(({ name, id }) => matches(name, id)).map(hostHit),
    ...guests.filter(({ name, id }) => matches(name, id)).map(guestHit),
    ...migrations.filter(({ guest, id }) => matches(guest, id)).map(migrationHit),
  ].slice(0, hitsAtMost);
}

function hostHit({ id, name }: Host): Hit {
  return { key: id, icon: "host", text: name, detail: "host", to: `/hosts/${name}` };
}

function guestHit({ id, name, host }: Guest): Hit {
  return { key: id, icon: "guest", text: name, detail: `guest on ${host}`, to: `/guests?name=${name}` };
}

function migrationHit({ id, guest, source, destination, phase }: Migration): Hit {
  const detail = `${source} to ${destination}, ${phases[phase].word.toLowerCase()}`;
  return { key: id, icon: "move", text: guest, detail, to: `/migrations/${id}` };
}

function useSlash(input: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const { target } = event;
      const writes = target instanceof HTMLElement && target.closest("input, select, textarea, dialog") !== null;
      if (event.key !== "/" || writes || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [input]);
}
