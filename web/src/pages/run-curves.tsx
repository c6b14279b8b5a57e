/** A run's metrics over steps or time; axis and smoothing live in the address. */
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { curveOptions } from "../api/queries";
import type { MetricPoint, Run } from "../api/types";
import { slotOf } from "../lib/color";
import { byRank } from "../lib/metrics";
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
  return byRank(Object.keys(run.metrics)).slice(0, 12);
}

export function Curves({ run, most }: { run: Run; most?: number }) {
  const state = useCurveState();
  const keys = useMemo(() => byRank(Object.keys(run.metrics)), [run.metrics]);
  const asked = most === undefined ? keys : curveKeys(run);
  const results = useCurves(run, asked);
  // All at once: a curve that came later would push those below it down.
  if (!useSettled(...results)) return null;
  // A metric with one point is a figure, not a curve.
  const curves = asked.map((key, i) => ({ key, points: results[i]?.data?.items ?? [] })).filter((c) => c.points.length > 1);
  if (curves.length === 0) {
    if (most !== undefined) return null;
    return <Empty title="No curves">{keys.length ? "Each metric of this run has one point; its figures are on the overview." : "This run has logged no metric."}</Empty>;
  }
  return (
    <div className="stack gap12">
      {most === undefined && <CurveControls {...state} />}
      <div className="cols charts">
        {curves.slice(0, most).map(({ key, points }) => (
          <Chart key={key} title={key} lines={[toLine(run, points, state.axis as Axis)]} time={state.axis === "time"} log={state.log === "1"} smoothing={Number(state.smoothing || 0)} sync={`run ${run.id}`} />
        ))}
      </div>
    </div>
  );
}
