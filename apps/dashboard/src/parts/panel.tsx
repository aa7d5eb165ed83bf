import { type ReactNode, useId } from "react";
import { named } from "../figures.ts";

/** A part of a screen: a heading, a count or whatever else stands beside it, and a panel. */
export function Section({
  title,
  aside,
  bare = false,
  className = "",
  children,
}: {
  title: string;
  aside?: ReactNode;
  /** Without a frame of its own. */
  bare?: boolean;
  className?: string;
  children: ReactNode;
}): ReactNode {
  const id = useId();
  return (
    <section aria-labelledby={id} className={`min-w-0 ${className}`}>
      <div className="mb-2 flex min-h-5 flex-wrap items-baseline gap-x-2">
        <h2 id={id} className="font-semibold">
          {title}
        </h2>
        {aside !== undefined && <span className="text-ink-soft">{aside}</span>}
      </div>
      {bare ? children : <div className="panel">{children}</div>}
    </section>
  );
}

/** Why something stands as it does, or what it would come to: what is read first of a panel. */
export function ReasonLine({ icon, children }: { icon?: ReactNode; children: ReactNode }): ReactNode {
  return (
    <p className="flex items-baseline gap-2 text-[17px] leading-6 font-[550]">
      {icon}
      <span className="text-pretty">{children}</span>
    </p>
  );
}

/** Where there is nothing yet: why, and the command that changes it. */
export function Empty({ children, command }: { children: ReactNode; command?: string }): ReactNode {
  return (
    <div className="grid gap-2 px-4 py-5 text-ink-soft">
      <p>{children}</p>
      {command !== undefined && <code className="command text-ink">{command}</code>}
    </div>
  );
}

/** Figures with their labels, in a row. */
export function Figures({
  of,
  className = "",
}: {
  of: [label: string, text: ReactNode][];
  className?: string;
}): ReactNode {
  return (
    <dl className={`grid gap-x-1 gap-y-2 ${className}`}>
      {of.map(([label, text]) => (
        <div key={label} className="min-w-0">
          <dt className="label">{label}</dt>
          <dd className="figure">{text}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Figures as the API names them. */
export function NamedFigures({ of: figures }: { of: Record<string, unknown> }): ReactNode {
  return (
    <dl className="mt-1.5 grid grid-cols-[repeat(auto-fill,minmax(150px,1fr))] gap-x-4 gap-y-1">
      {Object.entries(figures).map(([name, value]) => {
        const { label, text } = named(name, value);
        return (
          <div key={name} className="min-w-0">
            <dt className="label">{label}</dt>
            <dd className="font-medium [overflow-wrap:anywhere]">{text}</dd>
          </div>
        );
      })}
    </dl>
  );
}
