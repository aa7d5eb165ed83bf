import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import UPlot from "uplot";
import { useIsDark } from "../frame/use-theme.ts";
import { none, running } from "../figures.ts";

/** The only file that knows what draws the charts. */

declare module "react" {
  interface CSSProperties {
    "--key"?: string;
  }
}

export interface Series {
  name: string;
  /** A colour of page.css: "--series-1". */
  colour: string;
  values: (number | null)[];
  dashed?: boolean;
}

export interface Chart {
  title: string;
  /** What is to be seen, for whoever does not see it. */
  sentence: string;
  /** Seconds since the start. */
  seconds: number[];
  series: Series[];
  /** Shaded between two series, by their places. */
  band?: [high: number, low: number];
  /** One value that came about, drawn as a point. */
  mark?: { name: string; colour: string; at: number; value: number } | undefined;
  /** Seconds at which a tick stands on the ground line. */
  ticks?: number[];
  text: (value: number) => string;
}

const heightPx = 168;

export function Plot({ chart }: { chart: Chart }): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const latest = useRef(chart);
  latest.current = chart;
  const [at, setAt] = useState<number>();
  const isDark = useIsDark();
  // Another set of series or other colours is another drawing; new figures are not.
  const shape = [...chart.series, ...(chart.mark === undefined ? [] : [chart.mark])].map(({ name }) => name).join();

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const drawn = new UPlot(optionsOf(latest, element.clientWidth, setAt), dataOf(latest.current), element);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: heightPx }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [shape, isDark]);

  useEffect(() => plot.current?.setData(dataOf(chart)), [chart]);

  return (
    <figure className="min-w-0 px-4 pt-3 pb-2">
      <figcaption className="mb-1 font-medium">{chart.title}</figcaption>
      <div ref={place} className="plot" role="img" aria-label={chart.sentence} />
      <Legend chart={chart} at={at} />
      <AsTable chart={chart} />
    </figure>
  );
}

/** Each series with its value under the cursor, or else its last one. */
function Legend({ chart: { series, mark, text }, at }: { chart: Chart; at: number | undefined }): ReactNode {
  return (
    <ul className="flex min-h-10 flex-wrap content-start gap-x-4 text-xs leading-5">
      {series.map(({ name, colour, values, dashed }) => {
        const value = at === undefined ? values.findLast((each) => each !== null) : values[at];
        return (
          <Entry
            key={name}
            name={name}
            colour={colour}
            kind={dashed === true ? "dashed" : "line"}
            value={value}
            text={text}
          />
        );
      })}
      {mark !== undefined && <Entry name={mark.name} colour={mark.colour} kind="dot" value={mark.value} text={text} />}
    </ul>
  );
}

function Entry({
  name,
  colour,
  kind,
  value,
  text,
}: {
  name: string;
  colour: string;
  kind: "line" | "dashed" | "dot";
  value: number | null | undefined;
  text: (value: number) => string;
}): ReactNode {
  return (
    <li className="flex items-center gap-1.5">
      <span className="key" data-kind={kind} style={{ "--key": `var(${colour})` }} />
      <span className="text-ink-soft">{name}</span>
      <span className="inline-block min-w-[62px] font-medium whitespace-nowrap">
        {value === undefined || value === null ? none : text(value)}
      </span>
    </li>
  );
}

const rowsAtMost = 40;

/** The same figures to read; of a long course every so many. */
function AsTable({ chart: { title, seconds, series, text } }: { chart: Chart }): ReactNode {
  const [open, setOpen] = useState(false);
  const rows = useMemo(() => {
    const step = Math.max(1, Math.ceil(seconds.length / rowsAtMost));
    return seconds.flatMap((at, index) => (index % step === 0 || index === seconds.length - 1 ? [{ at, index }] : []));
  }, [seconds]);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)} className="mt-1 text-xs">
      <summary className="text-ink-soft hover:text-ink">Show as table</summary>
      {open && (
        <div className="max-h-60 overflow-auto" tabIndex={0} role="group" aria-label={`${title}, as a table`}>
          <table className="w-full">
            <thead>
              <tr>
                {["Time", ...series.map(({ name }) => name)].map((name) => (
                  <th key={name} scope="col" className="py-1 pr-3">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ at, index }) => (
                <tr key={at} className="border-t border-line">
                  <td className="py-0.5 pr-3">{running(at * 1000)}</td>
                  {series.map(({ name, values }) => (
                    <td key={name} className="py-0.5 pr-3">
                      {typeof values[index] === "number" ? text(values[index]) : none}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function dataOf({ seconds, series }: Chart): UPlot.AlignedData {
  return [seconds, ...series.map(({ values }) => values)];
}

function optionsOf(latest: { current: Chart }, width: number, setAt: (at: number | undefined) => void): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const probe = document.body.appendChild(document.createElement("span"));
  // A drawing needs the colour itself, which depends on the light.
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const font = `11px ${style.fontFamily}`;
  const axis = { stroke: colour("--ink-soft"), font, ticks: { show: false }, gap: 4 };
  const grid = { stroke: colour("--line"), width: 1 };
  const { series, band, text, mark } = latest.current;
  const markColour = colour(mark?.colour ?? "--ink");
  const tick = colour("--line-strong");
  const options: UPlot.Options = {
    width,
    height: heightPx,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: {
        time: false,
        range: (_, min, max) => [min ?? 0, Math.max(max ?? 0, (min ?? 0) + 1, latest.current.mark?.at ?? 0)],
      },
      y: { range: (_, __, max) => [0, Math.max(max ?? 0, latest.current.mark?.value ?? 0) * 1.08 || 1] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        grid: { show: false },
        space: 80,
        values: (_, splits) => splits.map((at) => running(at * 1000)),
      },
      { ...axis, size: 62, grid, space: 36, values: (_, splits) => splits.map((value) => text(value)) },
    ],
    series: [{}, ...series.map((each) => strokeOf(each, colour(each.colour)))],
    ...(band === undefined ? {} : { bands: [{ series: [band[0] + 1, band[1] + 1], fill: colour("--calm-wash") }] }),
    hooks: {
      draw: [
        (drawn) => {
          drawTicks(drawn, latest.current.ticks ?? [], tick);
          if (mark !== undefined) drawMark(drawn, mark, markColour);
        },
      ],
      setCursor: [({ cursor: { idx } }) => setAt(idx ?? undefined)],
    },
  };
  probe.remove();
  return options;
}

function strokeOf({ name, dashed }: Series, stroke: string): UPlot.Series {
  return {
    label: name,
    stroke,
    width: dashed === true ? 1 : 1.75,
    points: { show: false },
    spanGaps: true,
    ...(dashed === true ? { dash: [5, 4] } : {}),
  };
}

/** Small strokes that rise from the ground line: where a round has ended. */
function drawTicks(drawn: UPlot, ticks: number[], stroke: string): void {
  const { ctx, bbox } = drawn;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (const at of ticks) {
    const x = Math.round(drawn.valToPos(at, "x", true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x, bbox.top + bbox.height - 7 * devicePixelRatio);
  }
  ctx.stroke();
  ctx.restore();
}

function drawMark(drawn: UPlot, { at, value }: NonNullable<Chart["mark"]>, fill: string): void {
  const { ctx } = drawn;
  ctx.save();
  ctx.fillStyle = fill;
  ctx.beginPath();
  ctx.arc(drawn.valToPos(at, "x", true), drawn.valToPos(value, "y", true), 4.5 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fill();
  ctx.restore();
}
