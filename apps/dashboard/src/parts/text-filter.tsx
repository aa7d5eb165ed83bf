import { type ReactNode, useId } from "react";
import { useFilter } from "./facet.tsx";

/** A filter by a part of a name. */
export function TextFilter({
  name,
  label,
  value,
}: {
  name: string;
  label: string;
  value: string | undefined;
}): ReactNode {
  const id = useId();
  const set = useFilter();
  return (
    <span className="flex items-center gap-2">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        type="search"
        className="control !h-7 !w-32"
        value={value ?? ""}
        onChange={({ target }) => set({ [name]: target.value })}
      />
    </span>
  );
}
