/** Line charts on uPlot: text summary, table switch, copies as PNG and CSV, limits and marks. */
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { slots, token } from "../lib/color";
import { exact, figure } from "../lib/format";
import { align, smooth, summary } from "../lib/series";
import { settings } from "../lib/settings";
import { toast, useCell } from "../lib/store";
import { Icon } from "./icons";

export interface Line {
  id: string;
  name: string;
  x: number[];
  y: (number | null)[];
  /** Chart colour 1–8, 0 for grey; follows from the id when left out. */
  slot?: number;
}

export interface ChartProps {
  title: string;
  lines: Line[];
  time?: boolean;
  log?: boolean;
  smoothing?: number;
  /** Horizontal limits with their number. */
  limits?: { value: number; name: string; tone: "warn" | "bad" }[];
  /** Vertical marks: versions, deploys. */
  marks?: { x: number; name: string }[];
  tall?: boolean;
  say?: (value: number) => string;
  /** Charts of one group share the cursor. */
  sync?: string;
  zero?: boolean;
}

/** Lines of one colour would still differ by their dash. */
const DASHES: (number[] | undefined)[] = [undefined, [6, 3], [2, 3], [8, 3, 2, 3]];

function drawLimits(limits: NonNullable<ChartProps["limits"]>, marks: NonNullable<ChartProps["marks"]>, ink: string, say: (value: number) => string): (u: uPlot) => void {
  const colors = new Map(limits.map((limit) => [limit, token(limit.tone)]));
  return (u) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.font = `${11 * ratio}px Inter, sans-serif`;
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    for (const limit of limits) {
      const y = u.valToPos(limit.value, "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.strokeStyle = ctx.fillStyle = colors.get(limit) ?? ink;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.textAlign = "left";
      // The highest is written above its line and the others below theirs, so that two that are close do not cover each other.
      const above = limit.value === Math.max(...limits.map((l) => l.value)) && y - bbox.top > 14 * ratio;
      ctx.fillText(`${limit.name} ${say(limit.value)}`, bbox.left + 4 * ratio, above ? y - 4 * ratio : y + 12 * ratio);
    }
    ctx.strokeStyle = ctx.fillStyle = ink;
    for (const mark of marks) {
      const x = u.valToPos(mark.x, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const last = x > bbox.left + bbox.width - 40 * ratio;
      ctx.textAlign = last ? "right" : "left";
      ctx.fillText(mark.name, x + (last ? -4 : 4) * ratio, bbox.top + 11 * ratio);
    }
    ctx.restore();
  };
}

function options(props: ChartProps, width: number, height: number, colors: string[]): uPlot.Options {
  const ink = token("ink3");
  const grid = { stroke: token("line"), width: 1 };
  const say = props.say ?? figure;
  const raw = (props.smoothing ?? 0) > 0;
  const series: uPlot.Series[] = [{}];
  props.lines.forEach((line, index) => {
    const color = colors[index] ?? ink;
    const points = { show: line.y.filter((v) => v !== null).length < 24, size: 5, stroke: color, fill: color };
    if (raw) series.push({ label: `${line.name} (raw)`, stroke: color, width: 1, alpha: 0.28, points: { show: false }, spanGaps: true });
    series.push({ label: line.name, stroke: color, width: 1.5, dash: DASHES[Math.floor(index / 4) % DASHES.length], points, spanGaps: true });
  });
  return {
    width,
    height,
    series,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, sync: props.sync ? { key: props.sync, setSeries: false } : undefined },
    scales: {
      x: { time: props.time ?? false },
      y: props.log ? { distr: 3 } : { range: (_u, low, high) => widen(low, high, props) },
    },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, font: "11px Inter, sans-serif", size: 28, gap: 6, space: props.time ? 84 : 50, values: (_u, ticks, _axis, _space, step) => ticks.map((v) => (props.time ? clock(v * 1000, step) : figure(v))) },
      { stroke: ink, grid, ticks: { show: false }, font: "11px Inter, sans-serif", size: 58, gap: 6, values: (_u, ticks, _axis, _space, step) => ticks.map((v) => (v === null ? "" : props.say ? say(v) : tick(v, step))) },
    ],
    hooks: { draw: [drawLimits(props.limits ?? [], props.marks ?? [], ink, say)] },
  };
}

/** A moment on the axis, as exact as the distance of two ticks (in seconds) makes it. */
function clock(ms: number, step: number): string {
  const text = exact(ms);
  if (step >= 86_400) return text.slice(5, 10);
  if (step >= 60) return text.slice(11, 16);
  return step >= 1 ? text.slice(11, 19) : `${text.slice(17, 19)}.${String(Math.round(ms) % 1000).padStart(3, "0")} s`;
}

/** As many digits as the distance of two ticks needs. */
function tick(value: number, step: number): string {
  if (!step || Math.abs(value) >= 1e6 || step < 1e-5) return figure(value);
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

/** Room above and below the line, limits included, so that neither touches the frame. */
function widen(low: number | null, high: number | null, props: ChartProps): [number, number] {
  const values = [low, high, ...(props.limits ?? []).map((l) => l.value), props.zero ? 0 : null].filter((v): v is number => v !== null && Number.isFinite(v));
  if (values.length === 0) return [0, 1];
  const min = Math.min(...values);
  const max = Math.max(...values);
  const room = max === min ? Math.abs(max) * 0.1 || 0.5 : (max - min) * 0.08;
  return [props.zero && min >= 0 ? 0 : min - room, max + room];
}

function data(lines: readonly Line[], smoothing: number, time: boolean): uPlot.AlignedData {
  const { x, ys } = align(lines);
  const columns = smoothing > 0 ? ys.flatMap((y) => [y, smooth(y, smoothing)]) : ys;
  return [time ? x.map((ms) => ms / 1000) : x, ...columns] as uPlot.AlignedData;
}

function csv(props: ChartProps): string {
  const { x, ys } = align(props.lines);
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [["x", ...props.lines.map((l) => cell(l.name))].join(","), ...x.map((v, i) => [v, ...ys.map((y) => y[i] ?? "")].join(","))].join("\n");
}

function Plot({ props, colors, cursor }: { props: ChartProps; colors: string[]; cursor: (index: number | null) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = JSON.stringify([props.lines.map((l) => [l.id, l.name]), props.log, props.time, (props.smoothing ?? 0) > 0, props.limits, props.marks?.length, colors]);
  const values = useMemo(() => data(props.lines, props.smoothing ?? 0, props.time ?? false), [props.lines, props.smoothing, props.time]);
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const made = new uPlot(options({ ...props, marks: props.marks?.map((m) => ({ ...m, x: props.time ? m.x / 1000 : m.x })) }, el.clientWidth, el.clientHeight, colors), values, el);
    const watch = new ResizeObserver(() => made.setSize({ width: el.clientWidth, height: el.clientHeight }));
    watch.observe(el);
    made.over.addEventListener("mousemove", () => cursor(made.cursor.idx ?? null));
    made.over.addEventListener("mouseleave", () => cursor(null));
    plot.current = made;
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
    // The plot is rebuilt when its shape changes; new points go in by setData below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);
  useEffect(() => plot.current?.setData(values), [values]);
  return <div ref={box} className="plot" />;
}

async function png(root: HTMLElement | null): Promise<void> {
  const canvas = root?.querySelector("canvas");
  const blob = await new Promise<Blob | null>((done) => (canvas ? canvas.toBlob(done) : done(null)));
  if (!blob) return;
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    toast("Copied the chart as PNG");
  } catch {
    toast("The browser does not allow copying pictures here");
  }
}

export function Chart(props: ChartProps) {
  const root = useRef<HTMLElement>(null);
  const [table, setTable] = useState(false);
  const [index, setIndex] = useState<number | null>(null);
  const { theme } = useCell(settings);
  const own = useMemo(() => slots(props.lines.map((l) => l.id)), [props.lines]);
  const slotOf = (line: Line) => line.slot ?? own.get(line.id) ?? 0;
  const slotKey = props.lines.map(slotOf).join();
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const colors = useMemo(() => props.lines.map((line) => token(`chart-${slotOf(line)}`)), [slotKey, theme]);
  const say = props.say ?? figure;
  const shared = useMemo(() => align(props.lines), [props.lines]);
  const x = index === null ? null : shared.x[index];
  return (
    <figure className={`panel chart ${props.tall ? "tall" : ""}`} ref={root}>
      <header>
        <h2 className="cut" title={props.title}>
          {props.title}
        </h2>
        <div className="tools">
          {x !== null && x !== undefined && <span className="mono ink2">{props.time ? exact(x).slice(0, 16) : figure(x)}</span>}
          <button type="button" className="btn quiet icon" aria-pressed={table} aria-label={table ? `${props.title} as chart` : `${props.title} as table`} title={table ? "Chart" : "Table"} onClick={() => setTable(!table)}>
            <Icon name={table ? "chart" : "table"} size={14} />
          </button>
          <button type="button" className="btn quiet icon" aria-label={`Copy ${props.title}`} title="Copy as CSV (Shift: PNG)" onClick={(e) => (e.shiftKey ? void png(root.current) : void navigator.clipboard.writeText(csv(props)).then(() => toast("Copied as CSV")))}>
            <Icon name="copy" size={14} />
          </button>
        </div>
      </header>
      {table ? <PointTable props={props} /> : <Plot props={props} colors={colors} cursor={setIndex} />}
      <figcaption className="legend">
        {props.lines.map((line, at) => (
          <span key={line.id} className="row gap4" title={line.name}>
            <span className={`dot s${slotOf(line)}`} />
            {line.name} <b className="mono strong">{say((index === null ? line.y.findLast((v) => v !== null) : shared.ys[at]?.[index]) ?? Number.NaN).replace("NaN", "–")}</b>
          </span>
        ))}
      </figcaption>
      <p className="sr">{props.lines.map((line) => summary(line.name, line.y, say)).join(" ")}</p>
    </figure>
  );
}

/** Rows of the table switch; the CSV has them all. */
const TABLE_ROWS = 500;

function PointTable({ props }: { props: ChartProps }) {
  const { x, ys } = useMemo(() => align(props.lines), [props.lines]);
  const say = props.say ?? figure;
  return (
    <div className="plot scroll" tabIndex={0} role="region" aria-label={`${props.title}, points`}>
      <table className="t">
        <thead>
          <tr>
            <th>{props.time ? "time" : "step"}</th>
            {props.lines.map((line) => (
              <th key={line.id} className="num">
                {line.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {x.slice(0, TABLE_ROWS).map((value, at) => (
            <tr key={value}>
              <td className="mono">{props.time ? exact(value).slice(0, 19) : figure(value)}</td>
              {ys.map((y, line) => (
                <td key={props.lines[line]?.id} className="num">
                  {y[at] === null || y[at] === undefined ? "–" : say(y[at])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {x.length > TABLE_ROWS && <p className="empty small">{`${TABLE_ROWS} of ${x.length} points; copy gives all.`}</p>}
    </div>
  );
}
