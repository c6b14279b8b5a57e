/** Runs as points over two metrics or parameters, coloured by a third. */
import { useMemo, useState } from "react";
import type { Run } from "../api/types";
import { axisOf, parseAxis, shareOf, writeAxis, type Axis, type AxisAt } from "../lib/axes";
import { CHART_COLORS } from "../lib/color";
import { plain, plural } from "../lib/format";
import { Panel, useParam } from "../ui/bits";
import { useRoving } from "../ui/roving";
import { Empty } from "../ui/state";
import { symbol } from "../ui/symbols";
import type { Dimensions } from "./compare";
import { DimensionSelect, RunTable, shade, ShadeKey, useOpen, useWidth } from "./compare-parts";
import { sentenceOf } from "./compare-parallel";

const HEIGHT = 440;
const LEFT = 76;
const RIGHT = 24;
const TOP = 16;
const FOOT = 44;
/** Room between the outermost points and the frame. */
const PAD = 14;
/** More names on an axis would cover each other. */
const NAMES = 14;

export interface Spot {
  run: number;
  x: number;
  y: number;
}

/** Points of the same names would cover each other: each stands a little aside, always on the same side. */
export function aside(id: string): number {
  let hash = 7;
  for (let i = 0; i < id.length; i += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) >>> 0;
  return (hash % 1000) / 999 - 0.5;
}

/** The runs that have both values, as shares of the axes, from left to right. */
export function spotsOf(runs: readonly Run[], x: Axis, y: Axis): Spot[] {
  const share = (axis: Axis, run: number, id: string): number | undefined => {
    const at = shareOf(axis, axis.values[run]);
    return at === undefined || axis.scale ? at : at + (aside(id) * 0.6) / axis.names.length;
  };
  return runs
    .flatMap((run, i): Spot[] => {
      const [a, b] = [share(x, i, run.id), share(y, i, `${run.id}y`)];
      return a === undefined || b === undefined ? [] : [{ run: i, x: a, y: b }];
    })
    .sort((a, b) => a.x - b.x || a.y - b.y);
}

function ticksOf(axis: Axis): [number, string][] {
  if (axis.scale) return axis.scale.ticks.map((value) => [axis.scale?.at(value) ?? 0, plain(value)]);
  return axis.names.filter((_, i) => i % Math.ceil(axis.names.length / NAMES) === 0).map((name) => [shareOf(axis, name) ?? 0, name.length > 11 ? `${name.slice(0, 10)}…` : name]);
}

/** Colour and shape of a run. */
function lookOf(color: Axis | undefined, run: number): { fill: string; shape: string } {
  if (!color) return { fill: "var(--chart-1)", shape: symbol(0) };
  const value = color.values[run];
  if (color.scale) return { fill: shade(shareOf(color, value)), shape: symbol(0) };
  const at = color.names.indexOf(String(value));
  return at < 0 || at >= CHART_COLORS ? { fill: "var(--chart-0)", shape: symbol(0) } : { fill: `var(--chart-${at + 1})`, shape: symbol(at) };
}

function NameKey({ axis }: { axis: Axis }) {
  const more = axis.names.length - CHART_COLORS;
  return (
    <span className="row gap12 wrapping small ink2">
      {axis.names.slice(0, CHART_COLORS).map((name, i) => (
        <span key={name} className="row gap4">
          <svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">
            <path d={symbol(i)} style={{ fill: `var(--chart-${i + 1})` }} />
          </svg>
          <span className="cut name" title={name}>
            {name}
          </span>
        </span>
      ))}
      {more > 0 && <span>{`${more} more in grey`}</span>}
    </span>
  );
}

function Plot({ runs, spots, x, y, color, lit, setLit }: { runs: readonly Run[]; spots: readonly Spot[]; x: Axis; y: Axis; color: Axis | undefined; lit: string; setLit: (id: string) => void }) {
  const [box, room] = useWidth(900);
  const { holder, item } = useRoving(spots.length);
  const open = useOpen();
  const width = Math.max(300, room);
  const px = (share: number) => LEFT + PAD + share * (width - LEFT - RIGHT - 2 * PAD);
  const py = (share: number) => HEIGHT - FOOT - PAD - share * (HEIGHT - TOP - FOOT - 2 * PAD);
  const axes = [x, y, ...(color ? [color] : [])];
  const lifted = spots.find((spot) => runs[spot.run]?.id === lit);
  const wide = ticksOf(x);
  // Words that would run into each other: every second one, or fewer.
  const every = Math.max(1, Math.ceil((wide.length * (Math.max(...wide.map(([, text]) => text.length), 1) * 6.4 + 12)) / (width - LEFT - RIGHT)));
  return (
    <div ref={box} className="scatter">
      <svg width={width} height={HEIGHT} role="group" aria-label={`${plural(spots.length, "run")}, ${y.name} over ${x.name}; arrow keys walk the runs, Enter opens one`} {...holder}>
        {wide.map(([share, text], i) => (
          <g key={text} transform={`translate(${px(share)} 0)`} aria-hidden="true">
            <line className="grid" y1={TOP} y2={HEIGHT - FOOT} />
            {i % every === 0 && (
              <text y={HEIGHT - FOOT + 16} textAnchor="middle">
                {text}
              </text>
            )}
          </g>
        ))}
        {ticksOf(y).map(([share, text]) => (
          <g key={text} transform={`translate(0 ${py(share)})`} aria-hidden="true">
            <line className="grid" x1={LEFT} x2={width - RIGHT} />
            <text x={LEFT - 8} y="4" textAnchor="end">
              {text}
            </text>
          </g>
        ))}
        <text className="name" x={(LEFT + width - RIGHT) / 2} y={HEIGHT - 6} textAnchor="middle" aria-hidden="true">
          {x.name + (x.log ? ", log" : "")}
        </text>
        <text className="name" transform={`translate(12 ${(TOP + HEIGHT - FOOT) / 2}) rotate(-90)`} textAnchor="middle" aria-hidden="true">
          {y.name + (y.log ? ", log" : "")}
        </text>
        {spots.map((spot, i) => {
          const run = runs[spot.run] as Run;
          const { fill, shape } = lookOf(color, spot.run);
          return (
            <path
              key={run.id}
              className="spot"
              role="link"
              aria-label={sentenceOf(runs, axes, spot.run)}
              d={shape}
              transform={`translate(${px(spot.x).toFixed(1)} ${py(spot.y).toFixed(1)})`}
              style={{ fill }}
              onPointerEnter={() => setLit(run.id)}
              onPointerLeave={() => setLit("")}
              onFocus={() => setLit(run.id)}
              onBlur={() => setLit("")}
              onClick={() => open(run)}
              onKeyDown={(event) => event.key === "Enter" && open(run)}
              {...item(i)}
            />
          );
        })}
        {lifted && <path className="around" d={symbol(0)} transform={`translate(${px(lifted.x).toFixed(1)} ${py(lifted.y).toFixed(1)}) scale(2)`} />}
      </svg>
    </div>
  );
}

/** One of the three choices, with its scale. */
function Choice({ label, at, axis, set, dimensions, none }: { label: string; at: AxisAt | undefined; axis: Axis | undefined; set: (text: string) => void; dimensions: Dimensions; none?: string }) {
  return (
    <span className="row gap4">
      <span className="ink2">{label}</span>
      <DimensionSelect label={label} value={at?.key ?? ""} none={none} set={(key) => set(key ? writeAxis({ key, log: at?.log ?? false }) : "none")} dimensions={dimensions} />
      <button type="button" className="btn" aria-label={`log scale of ${label}`} aria-pressed={at?.log ?? false} disabled={!axis?.scale} onClick={() => at && set(writeAxis({ key: at.key, log: !at.log }))}>
        log
      </button>
    </span>
  );
}

export function Scatter({ runs, dimensions }: { runs: readonly Run[]; dimensions: Dimensions }) {
  const [xText, setX] = useParam("x");
  const [yText, setY] = useParam("y");
  const [colorText, setColor] = useParam("color");
  const [lit, setLit] = useState("");
  const { first } = dimensions;
  const fallback = (key: string | undefined): AxisAt | undefined => (key ? { key, log: false } : undefined);
  const lastMetric = first.findLast((key) => key.startsWith("metrics."));
  const atY = parseAxis(yText) ?? fallback(lastMetric ?? first[1]);
  const others = first.filter((key) => key !== atY?.key);
  const atX = parseAxis(xText) ?? fallback(others.find((key) => axisOf(runs, { key, log: false }).scale) ?? others[0]);
  const atColor = colorText === "none" ? undefined : (parseAxis(colorText) ?? fallback(others.find((key) => key !== atX?.key)));
  const key = JSON.stringify([atX, atY, atColor]);
  const [x, y, color] = useMemo(() => {
    const axis = (at: AxisAt | undefined, ticks: number) => at && axisOf(runs, at, ticks);
    return [axis(atX, 7), axis(atY, 6), axis(atColor, 5)];
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [runs, key]);
  const spots = useMemo(() => (x && y ? spotsOf(runs, x, y) : []), [runs, x, y]);
  const all = useMemo(() => runs.map((_, i) => i), [runs]);
  if (!x || !y) return <Empty title="Nothing to draw">These runs have less than two parameters and metrics.</Empty>;
  const axes = [x, y, ...(color ? [color] : [])];
  const at = runs.findIndex((run) => run.id === lit);
  const missing = runs.length - spots.length;
  return (
    <div className="stack gap12">
      <div className="row gap12 wrapping">
        <Choice label="x" at={atX} axis={x} set={setX} dimensions={dimensions} />
        <Choice label="y" at={atY} axis={y} set={setY} dimensions={dimensions} />
        <Choice label="colour" at={atColor} axis={color} set={setColor} dimensions={dimensions} none="none" />
      </div>
      <Panel
        title={`${y.name} over ${x.name}`}
        tools={color && (color.scale ? <ShadeKey axis={color} /> : <NameKey axis={color} />)}
        footer={
          <span className="row spread">
            <span>{missing > 0 ? `${plural(spots.length, "run")}; ${missing} more ${missing === 1 ? "has" : "have"} no place on an axis` : plural(spots.length, "run")}</span>
            <span className="cut" aria-hidden="true">
              {at >= 0 ? sentenceOf(runs, axes, at) : "A click opens the run"}
            </span>
          </span>
        }
      >
        <Plot runs={runs} spots={spots} x={x} y={y} color={color} lit={lit} setLit={setLit} />
      </Panel>
      <RunTable title="Runs" runs={runs} rows={all} axes={axes} lit={lit} setLit={setLit} />
    </div>
  );
}
