/** A run's metrics over steps or time; axis and smoothing live in the address. */
import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { curveOptions } from "../api/queries";
import type { MetricPoint, Run } from "../api/types";
import { slotOf } from "../lib/color";
import { byRank } from "../lib/metrics";
import { isSystemMetric, sections } from "../lib/run-facts";
import { useParam } from "../ui/bits";
import { Chart, type Line } from "../ui/chart";
import { Empty, useSettled } from "../ui/state";

export type Axis = "step" | "time" | "relative";

/** Points are asked for again this often while the run goes on. */
const LIVE_MS = 2_000;

export function toLine(run: { id: string; name: string; start_ms?: number | null }, points: readonly MetricPoint[], axis: Axis): Line {
  const x = (p: MetricPoint) => (axis === "step" ? p.step : axis === "time" ? p.time_ms : (p.time_ms - (run.start_ms ?? p.time_ms)) / 1000);
  return { id: run.id, name: run.name, slot: slotOf(run.id), x: points.map(x), y: points.map((p) => p.value ?? null) };
}

export function CurveControls({ axis, setAxis, smoothing, setSmoothing, log, setLog }: { axis: string; setAxis: (v: string) => void; smoothing: string; setSmoothing: (v: string) => void; log: string; setLog: (v: string) => void }) {
  return (
    <div className="row gap12">
      <div className="seg" role="group" aria-label="Axis">
        {["step", "time", "relative"].map((name) => (
          <button key={name} type="button" aria-pressed={axis === name} onClick={() => setAxis(name)}>
            {name}
          </button>
        ))}
      </div>
      <button type="button" className="btn" aria-pressed={log === "1"} onClick={() => setLog(log === "1" ? "" : "1")}>
        log
      </button>
      <label className="row">
        <span className="ink2">smoothing</span>
        <input type="range" min="0" max="0.98" step="0.02" value={smoothing || "0"} onChange={(e) => setSmoothing(e.target.value === "0" ? "" : e.target.value)} />
        <span className="num">{Number(smoothing || 0).toFixed(2)}</span>
      </label>
    </div>
  );
}

export function useCurveState() {
  const [axis, setAxis] = useParam("axis", "step");
  const [smoothing, setSmoothing] = useParam("smooth");
  const [log, setLog] = useParam("log");
  return { axis, setAxis, smoothing, setSmoothing, log, setLog };
}

/** The points of some metrics of one run. */
export function useCurves(run: Run, keys: readonly string[]) {
  return useQueries({
    queries: keys.map((key) => ({
      ...curveOptions(run.id, key),
      refetchInterval: run.status === "running" ? LIVE_MS : (false as const),
    })),
  });
}

/** The metrics whose curves the overview looks for. */
export function curveKeys(run: Run): string[] {
  return byRank(Object.keys(run.metrics).filter((key) => !isSystemMetric(key))).slice(0, 12);
}

/** Curves that are asked for before more are wanted. */
const FIRST = 24;

/** More curves than these stand in their folders. */
const GROUPED = 6;

/** The curves of a run, by folder; `most` for the few of the overview, `system` for those of its machine. */
export function Curves({ run, most, system = false }: { run: Run; most?: number; system?: boolean }) {
  const state = useCurveState();
  const [filter, setFilter] = useParam("metric");
  const [limit, setLimit] = useState(FIRST);
  const keys = useMemo(() => byRank(Object.keys(run.metrics).filter((key) => isSystemMetric(key) === system)), [run.metrics, system]);
  const wanted = keys.filter((key) => key.toLowerCase().includes(filter.trim().toLowerCase()));
  const asked = most === undefined ? wanted.slice(0, limit) : curveKeys(run);
  const results = useCurves(run, asked);
  // All at once: a curve that came later would push those below it down.
  const settled = useSettled(...results);
  if (!settled) return null;
  // A metric with one point is a figure, not a curve.
  const curves = new Map(asked.map((key, i) => [key, results[i]?.data?.items ?? []] as const).filter(([, points]) => points.length > 1));
  const folders = sections([...curves.keys()]);
  const draw = (key: string) => (
    <Chart key={key} title={key} lines={[toLine(run, curves.get(key) ?? [], state.axis as Axis)]} time={state.axis === "time"} log={state.log === "1"} smoothing={Number(state.smoothing || 0)} sync={`run ${run.id}`} />
  );
  if (most !== undefined) return curves.size === 0 ? null : <div className="cols charts">{[...curves.keys()].slice(0, most).map(draw)}</div>;
  if (keys.length === 0) return <Empty title="No curves">{system ? "mlflow.enable_system_metrics_logging() records what the machine does." : "This run has logged no metric."}</Empty>;
  return (
    <div className="stack gap12">
      <div className="row gap12 spread">
        <CurveControls {...state} />
        <input data-filter className="input filter" aria-label="Filter metrics" placeholder="Filter by name" value={filter} onChange={(e) => setFilter(e.target.value)} />
      </div>
      {curves.size === 0 && <Empty title="No curves">{filter ? "No metric of this name has more than one point." : "Each metric of this run has one point; its figures are on the overview."}</Empty>}
      {(curves.size > GROUPED && folders.length > 1 ? folders : [["", [...curves.keys()]] as const]).map(([name, list]) => (
        <section key={name} className="stack gap8">
          {name && <h2 className="small ink3">{name}</h2>}
          <div className="cols charts">{list.map(draw)}</div>
        </section>
      ))}
      {wanted.length > limit && (
        <div>
          <button type="button" className="btn" onClick={() => setLimit(limit + FIRST)}>{`Show ${Math.min(FIRST, wanted.length - limit)} of ${wanted.length - limit} more`}</button>
        </div>
      )}
    </div>
  );
}
