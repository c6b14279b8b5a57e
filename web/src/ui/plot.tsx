/** The drawing of a line chart on uPlot: cursor, zoom by drag or key, one run lifted above the others. */
import { useEffect, useMemo, useRef, type KeyboardEvent } from "react";
import uPlot from "uplot";
import { token } from "../lib/color";
import { exact, figure } from "../lib/format";
import { align, nearest, smooth } from "../lib/series";
import { zoomed, type Range } from "../lib/scale";

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
  /** What the x axis is called in the table. */
  over?: string;
  /** The part of the x axis that is shown, for all charts that share it; a chart without one keeps its own. */
  zoom?: Zoom;
  /** The line that stands out, in all charts that share it. */
  lit?: Lit;
}

export interface Zoom {
  range: Range | null;
  set: (range: Range | null) => void;
}

export interface Lit {
  id: string;
  set: (id: string) => void;
}

const WIDTH = 1.5;
/** How much of the raw line shows behind the smoothed one, and of any line behind the one that stands out. */
const RAW = 0.28;
const FAINT = 0.3;
/** Lines that share the grey are many. */
const GREY = 0.5;

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

interface Told {
  cursor: (index: number | null) => void;
  zoom: (range: Range | null) => void;
  near: (id: string) => void;
}

/** The line that a series draws: a smoothed line has two. */
const lineOf = (series: number, raw: boolean): number => (raw ? Math.floor((series - 1) / 2) : series - 1);

function options(props: ChartProps, width: number, height: number, colors: string[], told: Told): uPlot.Options {
  const ink = token("ink3");
  const grid = { stroke: token("line"), width: 1 };
  const say = props.say ?? figure;
  const raw = (props.smoothing ?? 0) > 0;
  const series: uPlot.Series[] = [{}];
  let colored = -1;
  props.lines.forEach((line, index) => {
    if (line.slot !== 0) colored += 1;
    const dash = line.slot === 0 ? undefined : DASHES[Math.floor(colored / 4) % DASHES.length];
    const color = colors[index] ?? ink;
    const points = { show: line.y.filter((v) => v !== null).length < 24, size: 5, stroke: color, fill: color };
    if (raw) series.push({ label: `${line.name} (raw)`, stroke: color, width: 1, alpha: line.slot === 0 ? RAW * GREY : RAW, points: { show: false }, spanGaps: true });
    series.push({ label: line.name, stroke: color, width: WIDTH, alpha: line.slot === 0 ? GREY : 1, dash, points, spanGaps: true });
  });
  return {
    width,
    height,
    series,
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: true, y: false, setScale: false },
      focus: { prox: NEAR },
      dataIdx: (u, series, index) => nearest(u.data[series] ?? [], index) ?? index,
      bind: { dblclick: () => () => (told.zoom(null), null) },
      // Only the cursor is shared: where one drags, the chart itself tells the others what to show.
      sync: props.sync ? { key: props.sync, setSeries: false, filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } } : undefined,
    },
    focus: { alpha: 1 },
    scales: {
      x: { time: props.time ?? false },
      y: props.log ? { distr: 3 } : { range: (_u, low, high) => widen(low, high, props) },
    },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, font: "11px Inter, sans-serif", size: 28, gap: 6, space: props.time ? 84 : 50, values: (_u, ticks, _axis, _space, step) => ticks.map((v) => (props.time ? clock(v * 1000, step) : figure(v))) },
      { stroke: ink, grid, ticks: { show: false }, font: "11px Inter, sans-serif", size: 58, gap: 6, values: (_u, ticks, _axis, _space, step) => ticks.map((v) => (v === null ? "" : props.say ? say(v) : tick(v, step))) },
    ],
    hooks: {
      draw: [drawLimits(props.limits ?? [], props.marks ?? [], ink, say)],
      setCursor: [(u) => told.cursor(u.cursor.idx ?? null)],
      setSeries: [(_u, index) => told.near(index ? (props.lines[lineOf(index, raw)]?.id ?? "") : "")],
      setSelect: [
        (u) => {
          const { left, width: wide } = u.select;
          if (wide < 4) return;
          const unit = props.time ? 1000 : 1;
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          told.zoom([u.posToVal(left, "x") * unit, u.posToVal(left + wide, "x") * unit]);
        },
      ],
    },
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

/** Pixels from a line within which the cursor is at it. */
const NEAR = 14;

/** Room above and below the line, limits included, so that neither touches the frame. */
function widen(low: number | null, high: number | null, props: ChartProps): [number, number] {
  const values = [low, high, ...(props.limits ?? []).map((l) => l.value), props.zero ? 0 : null].filter((v): v is number => v !== null && Number.isFinite(v));
  if (values.length === 0) return [0, 1];
  const min = Math.min(...values);
  const max = Math.max(...values);
  const room = max === min ? Math.abs(max) * 0.1 || 0.5 : (max - min) * 0.08;
  return [props.zero && min >= 0 ? 0 : min - room, max + room];
}

function columnsOf({ lines, smoothing = 0, time = false, log = false }: ChartProps): uPlot.AlignedData {
  const { x, ys: all } = align(lines);
  // A logarithmic axis has no place for zero.
  const ys = log ? all.map((y) => y.map((v) => (v !== null && v > 0 ? v : null))) : all;
  const columns = smoothing > 0 ? ys.flatMap((y) => [y, smooth(y, smoothing)]) : ys;
  return [time ? x.map((ms) => ms / 1000) : x, ...columns] as uPlot.AlignedData;
}

/** Its types leave out the last argument: whether the charts of the group are told. */
type SetCursor = (at: { left: number; top: number }, fire: boolean, publish: boolean) => void;

/** Lifts one line above the others, or none. */
function light(u: uPlot, lines: readonly Line[], raw: boolean, lit: string, colors: readonly string[], ink: string): void {
  const known = lines.some((line) => line.id === lit);
  u.series.forEach((series, index) => {
    const line = lineOf(index, raw);
    if (index === 0) return;
    const on = known && lines[line]?.id === lit;
    const behind = raw && index % 2 === 1;
    series.alpha = (behind ? RAW : 1) * (on ? 1 : known ? FAINT : lines[line]?.slot === 0 ? GREY : 1);
    series.width = behind ? 1 : on ? 2.5 : WIDTH;
    // Grey is for those that share it; one that stands out is black, or white.
    const own = on && lines[line]?.slot === 0 ? ink : (colors[line] ?? ink);
    series.stroke = () => own;
  });
  u.redraw(false);
}

export function Plot({ props, colors, cursor, zoom }: { props: ChartProps; colors: string[]; cursor: (index: number | null) => void; zoom: Zoom }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const raw = (props.smoothing ?? 0) > 0;
  const lit = props.lit?.id ?? "";
  const shape = JSON.stringify([props.lines.map((l) => [l.id, l.name]), props.log, props.time, raw, props.limits, props.marks?.length, colors]);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const values = useMemo(() => columnsOf(props), [props.lines, props.smoothing, props.time, props.log]);
  const now = useRef({ zoom, lit: props.lit, cursor });
  now.current = { zoom, lit: props.lit, cursor };
  const unit = props.time ? 1000 : 1;
  const [from, to] = zoom.range ?? [];

  /** New points go in without losing the part that is shown. */
  const fill = (u: uPlot, made: boolean) =>
    u.batch(() => {
      if (!made) u.setData(values);
      if (from !== undefined && to !== undefined) u.setScale("x", { min: from / unit, max: to / unit });
    });

  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const told: Told = { cursor: (index) => now.current.cursor(index), zoom: (range) => now.current.zoom.set(range), near: (id) => now.current.lit?.set(id) };
    const made = new uPlot(options({ ...props, marks: props.marks?.map((m) => ({ ...m, x: props.time ? m.x / 1000 : m.x })) }, el.clientWidth, el.clientHeight, colors, told), values, el);
    fill(made, true);
    if (lit) light(made, props.lines, raw, lit, colors, token("ink"));
    const watch = new ResizeObserver(() => made.setSize({ width: el.clientWidth, height: el.clientHeight }));
    watch.observe(el);
    plot.current = made;
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
    // The plot is rebuilt when its shape changes; new points go in below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);
  useEffect(() => {
    if (plot.current) fill(plot.current, false);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [values, from, to]);
  useEffect(() => {
    if (plot.current) light(plot.current, props.lines, raw, lit, colors, token("ink"));
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [lit]);

  const onKey = (event: KeyboardEvent) => {
    const u = plot.current;
    const x = values[0];
    if (!u || x.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const { min = 0, max = 0 } = u.scales.x ?? {};
    const shown: Range = [min * unit, max * unit];
    const at = u.cursor.idx ?? null;
    const middle = at === null ? undefined : (x[at] ?? 0) * unit;
    switch (event.key) {
      case "ArrowLeft":
      case "ArrowRight": {
        const step = event.key === "ArrowLeft" ? -1 : 1;
        const place = at === null ? (step > 0 ? 0 : x.length - 1) : Math.max(0, Math.min(x.length - 1, at + step));
        const left = u.valToPos(x[place] ?? 0, "x");
        (u.setCursor as SetCursor)({ left, top: 10 }, true, true);
        break;
      }
      case "+":
      case "=":
        zoom.set(zoomed(shown, 0.5, middle));
        break;
      case "-": {
        const [first, last] = [(x[0] ?? 0) * unit, (x[x.length - 1] ?? 0) * unit];
        const next = zoomed(shown, 2, middle);
        zoom.set(next[0] <= first && next[1] >= last ? null : next);
        break;
      }
      case "0":
      case "Escape":
        if (event.key === "Escape" && !zoom.range) return;
        zoom.set(null);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return <div ref={box} className="plot" role="group" tabIndex={0} aria-label={`${props.title}: arrow keys move the cursor, + and − zoom, 0 shows all`} onKeyDown={onKey} />;
}
