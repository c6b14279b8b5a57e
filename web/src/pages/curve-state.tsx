/** How curves are drawn: axis, smoothing, scale, the part that is shown, the run that stands out; all in the address. */
import { useMemo, useState } from "react";
import { figure } from "../lib/format";
import type { Range } from "../lib/scale";
import { axisMetric, type Axis } from "../lib/series";
import { useParam } from "../ui/bits";
import type { Lit, Zoom } from "../ui/plot";

const AXES: [Axis, string][] = [
  ["step", "step"],
  ["relative", "relative time"],
  ["time", "wall time"],
];

export interface CurveState {
  axis: Axis;
  setAxis: (axis: string) => void;
  smoothing: number;
  setSmoothing: (value: string) => void;
  log: boolean;
  setLog: (value: string) => void;
  zoom: Zoom;
  /** The run that was chosen to stand out; one under the cursor does so for the moment. */
  pinned: string;
  pin: (id: string) => void;
  lit: Lit;
}

/** `step~10~80`: the axis is part of it, since a part of one says nothing about another. */
export function parseZoom(text: string, axis: string): Range | null {
  const parts = text.split("~");
  const [from, to] = [Number(parts.at(-2)), Number(parts.at(-1))];
  return parts.length > 2 && parts.slice(0, -2).join("~") === axis && Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : null;
}

const short = (value: number) => String(Number(value.toPrecision(Math.abs(value) > 1e6 ? 15 : 6)));

export function useCurveState(): CurveState {
  const [axis, setAxis] = useParam("axis", "step");
  const [smooth, setSmoothing] = useParam("smooth");
  const [log, setLog] = useParam("log");
  const [zoom, setZoom] = useParam("zoom");
  const [pinned, pin] = useParam("lit");
  const [near, setNear] = useState("");
  const known = AXES.some(([key]) => key === axis) || axisMetric(axis) ? (axis as Axis) : "step";
  const range = useMemo(() => parseZoom(zoom, known), [zoom, known]);
  const weight = Number(smooth || 0);
  return {
    axis: known,
    setAxis,
    smoothing: weight > 0 && weight < 1 ? weight : 0,
    setSmoothing,
    log: log === "1",
    setLog,
    zoom: { range, set: (range) => setZoom(range ? `${known}~${range.map(short).join("~")}` : "") },
    pinned,
    pin,
    lit: { id: near || pinned, set: setNear },
  };
}

/** `metrics` are those that can be the axis. */
export function CurveControls({ state, metrics }: { state: CurveState; metrics: readonly string[] }) {
  const { axis, setAxis, smoothing, setSmoothing, log, setLog, zoom } = state;
  const over = axisMetric(axis);
  return (
    <div className="row gap12 wrapping">
      <div className="seg" role="group" aria-label="Axis">
        {AXES.map(([key, name]) => (
          <button key={key} type="button" aria-pressed={axis === key} onClick={() => setAxis(key)}>
            {name}
          </button>
        ))}
      </div>
      <select className="select over" aria-label="Metric as axis" value={over} onChange={(e) => setAxis(e.target.value ? `metric:${e.target.value}` : "step")}>
        <option value="">over a metric …</option>
        {[...new Set([...(over ? [over] : []), ...metrics])].map((key) => (
          <option key={key} value={key}>{`over ${key}`}</option>
        ))}
      </select>
      <button type="button" className="btn" aria-pressed={log} onClick={() => setLog(log ? "" : "1")}>
        log
      </button>
      <label className="row">
        <span className="ink2">smoothing</span>
        <input type="range" min="0" max="0.98" step="0.02" value={smoothing} onChange={(e) => setSmoothing(e.target.value === "0" ? "" : e.target.value)} />
        <span className="num">{smoothing.toFixed(2)}</span>
      </label>
      {zoom.range && (
        <button type="button" className="btn" title={axis === "time" ? undefined : `${figure(zoom.range[0])} to ${figure(zoom.range[1])} is shown`} onClick={() => zoom.set(null)}>
          Show all
        </button>
      )}
    </div>
  );
}
