import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";

/** One filter of a list; it stands in the address, so that a link has it. */
export function Facet({
  name,
  label,
  options,
  value,
}: {
  name: string;
  label: string;
  options: string[];
  value: string | undefined;
}): ReactNode {
  const id = useId();
  const set = useFilter();
  const all = value === undefined || options.includes(value) ? options : [value, ...options];
  return (
    <span className="flex items-center gap-2">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      <select
        id={id}
        className="control !h-7 !w-auto max-w-48"
        value={value ?? ""}
        onChange={({ target }) => set({ [name]: target.value })}
      >
        <option value="">any</option>
        {all.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </span>
  );
}

/** Changes filters of the screen that is shown; an empty one goes from the address. */
export function useFilter(): (change: Record<string, string>) => void {
  const navigate = useNavigate();
  return (change) => {
    void navigate({
      to: ".",
      search: (before: object) => ({ ...before, ...change }),
      replace: true,
      resetScroll: false,
    });
  };
}
