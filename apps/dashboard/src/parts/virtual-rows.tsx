import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

/** So high is a row of so many lines. */
const rowPx = { 1: 37, 2: 57 };

/** A table of any length, of which only the rows in sight are there. All are as high; on a narrow screen it scrolls sideways. */
export function VirtualRows<Row>({
  label,
  columns,
  template,
  rows,
  keyOf,
  cells,
  lines = 1,
}: {
  label: string;
  columns: string[];
  /** The columns' widths: a class of `grid-template-columns`. */
  template: string;
  rows: Row[];
  keyOf: (row: Row) => string;
  cells: (row: Row) => ReactNode[];
  lines?: keyof typeof rowPx;
}): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(place.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowPx[lines],
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
                className={`${line} absolute inset-x-0 border-t border-line`}
                style={{ height: rowPx[lines], transform: `translateY(${start - top}px)` }}
              >
                <Cells of={cells(row)} columns={columns} lines={lines} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Cells({
  of: cells,
  columns,
  lines,
}: {
  of: ReactNode[];
  columns: string[];
  lines: keyof typeof rowPx;
}): ReactNode {
  return cells.map((cell, place) => (
    <span key={columns[place]} role="cell" className={lines === 1 ? "min-w-0 truncate" : "line-clamp-2 min-w-0"}>
      {cell}
    </span>
  ));
}
