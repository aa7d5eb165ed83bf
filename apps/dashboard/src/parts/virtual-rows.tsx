import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

const rowPx = 37;

/** A table of any length, of which only the rows in sight are there. Each has one line; on a narrow screen it scrolls sideways. */
export function VirtualRows<Row>({
  label,
  columns,
  template,
  rows,
  keyOf,
  cells,
}: {
  label: string;
  columns: string[];
  /** The columns' widths: a class of `grid-template-columns`. */
  template: string;
  rows: Row[];
  keyOf: (row: Row) => string;
  cells: (row: Row) => ReactNode[];
}): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(place.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowPx,
    overscan: 12,
    scrollMargin: top,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
  });
  const line = `grid min-w-[780px] items-center gap-x-2.5 px-4 ${template}`;
  return (
    <div className="panel overflow-x-auto" tabIndex={0} role="group" aria-label={label}>
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className="min-w-fit">
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className={`${line} h-8`}>
            {columns.map((name) => (
              <span key={name} role="columnheader" className="label">
                {name}
              </span>
            ))}
          </div>
        </div>
        <div ref={place} role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ key, index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <div
                key={key}
                role="row"
                aria-rowindex={index + 2}
                className={`${line} absolute inset-x-0 h-[37px] border-t border-line`}
                style={{ transform: `translateY(${start - top}px)` }}
              >
                {cells(row).map((cell, place) => (
                  <span key={columns[place]} role="cell" className="min-w-0 truncate">
                    {cell}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
