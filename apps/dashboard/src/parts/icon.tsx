import type { ReactNode } from "react";

/** Strokes in a square of 16. */
const shapes = {
  check: ["M3.5 8.5l3 3 6-7"],
  cross: ["M4.5 4.5l7 7", "M11.5 4.5l-7 7"],
  stop: ["M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11", "M4.2 4.2l7.6 7.6"],
  ask: ["M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6", "M8 12.2v.1"],
  alert: ["M8 3v6.2", "M8 12.4v.1"],
  wait: ["M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11", "M8 5v3.2l2.2 1.3"],
  move: ["M2.5 8h10", "M9 4.5L12.5 8 9 11.5"],
  swap: ["M3 5.5h9", "M9.5 3L12 5.5", "M13 10.5H4", "M6.5 13L4 10.5"],
  converge: ["M2.5 3.5C7 3.5 8 8 13.5 8", "M2.5 12.5C7 12.5 8 8 13.5 8"],
  dot: ["M8 6.4a1.6 1.6 0 1 0 0 3.2a1.6 1.6 0 1 0 0-3.2"],
  overview: ["M2.5 2.5h4.5v4.5H2.5z", "M9 2.5h4.5v4.5H9z", "M2.5 9h4.5v4.5H2.5z", "M9 9h4.5v4.5H9z"],
  host: ["M2.5 3h11v4h-11z", "M2.5 9h11v4h-11z", "M5 5v.1", "M5 11v.1"],
  guest: ["M8 2.2l5.2 3v5.6L8 13.8l-5.2-3V5.2z", "M2.8 5.2L8 8.2l5.2-3", "M8 8.2v5.6"],
  policy: ["M2.5 4.5h11", "M2.5 8h11", "M2.5 11.5h11", "M5.5 3v3", "M10.5 6.5v3", "M7 10v3"],
  settings: [
    "M8 5.6a2.4 2.4 0 1 0 0 4.8a2.4 2.4 0 1 0 0-4.8",
    "M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6L5 5M11 11l1.4 1.4M12.4 3.6L11 5M5 11l-1.4 1.4",
  ],
  up: ["M8 13V3.5", "M4 7.5L8 3.5l4 4"],
  queue: ["M2.5 4h11", "M2.5 8h7.5", "M2.5 12h4"],
  drain: ["M2.5 2.5h11L9.5 8v5.5l-3-1.5V8z"],
  search: ["M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9", "M10.3 10.3l3.4 3.4"],
  plus: ["M8 3v10", "M3 8h10"],
  copy: ["M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3"],
  sun: [
    "M8 5.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6",
    "M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  ],
  moon: ["M13 9.5A5.6 5.6 0 0 1 6.5 3a5.6 5.6 0 1 0 6.5 6.5z"],
  screen: ["M2.5 3h11v8h-11z", "M5.5 13.5h5"],
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name, className = "" }: { name: IconName; className?: string }): ReactNode {
  return (
    <svg className={`icon ${className}`} data-name={name} viewBox="0 0 16 16" aria-hidden="true">
      {shapes[name].map((d) => (
        <path key={d} d={d} />
      ))}
    </svg>
  );
}
