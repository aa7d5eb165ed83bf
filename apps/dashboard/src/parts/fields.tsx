import { type ReactNode, useId } from "react";

interface Common {
  label: string;
  /** What is wrong with it, as the API says. */
  wrong?: string | undefined;
}

/** A text with its label, its unit, and what is wrong with it. */
export function TextField({
  label,
  value,
  set,
  unit,
  wrong,
  type = "text",
  placeholder = "",
}: Common & {
  value: string;
  set: (value: string) => void;
  unit?: string;
  type?: "text" | "number" | "time";
  placeholder?: string;
}): ReactNode {
  const [id, errorId] = [useId(), useId()];
  return (
    <div className="min-w-0">
      <label className="label mb-1 block" htmlFor={id}>
        {label}
      </label>
      <span className="relative block">
        <input
          id={id}
          className={`control ${unit === undefined ? "" : "!pr-12"}`}
          type={type}
          step="any"
          placeholder={placeholder}
          value={value}
          aria-invalid={wrong !== undefined}
          aria-describedby={errorId}
          onChange={({ target }) => set(target.value)}
        />
        {unit !== undefined && (
          <span className="pointer-events-none absolute top-1.5 right-2.5 text-ink-soft">{unit}</span>
        )}
      </span>
      <span id={errorId} className="block text-xs [overflow-wrap:anywhere] text-bad">
        {wrong}
      </span>
    </div>
  );
}

/** One of several, by its label. */
export function SelectField({
  label,
  value,
  set,
  options,
  wrong,
}: Common & {
  value: string;
  set: (value: string) => void;
  options: Record<string, string>;
}): ReactNode {
  const [id, errorId] = [useId(), useId()];
  return (
    <div className="min-w-0">
      <label className="label mb-1 block" htmlFor={id}>
        {label}
      </label>
      <select
        id={id}
        className="control"
        value={value}
        aria-describedby={errorId}
        onChange={({ target }) => set(target.value)}
      >
        {Object.entries(options).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
      <span id={errorId} className="block text-xs [overflow-wrap:anywhere] text-bad">
        {wrong}
      </span>
    </div>
  );
}
