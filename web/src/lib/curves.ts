/** Curves as lines of charts. */
import type { Run, RunCurve } from "../api/types";
import type { Line } from "../ui/plot";
import { slotOf } from "./color";
import { shortId } from "./format";
import { axisMetric, placed, type Axis } from "./series";

/** The lines of each metric, in the order of the runs; a metric with one point is a figure, not a curve. */
export function linesOf(runs: readonly Run[], keys: readonly string[], curves: readonly RunCurve[], axis: Axis, over: readonly RunCurve[], colors?: ReadonlyMap<string, number>): Map<string, Line[]> {
  const byRun = (list: readonly RunCurve[], key: string) => new Map(list.filter((curve) => curve.key === key).map((curve) => [curve.run, curve.points]));
  const overs = byRun(over, axisMetric(axis));
  const out = new Map<string, Line[]>();
  for (const key of keys) {
    const found = byRun(curves, key);
    if (![...found.values()].some((points) => points.length > 1)) continue;
    const lines = runs.flatMap((run): Line[] => {
      const points = found.get(run.id);
      if (!points) return [];
      const { x, y } = placed(points, axis, run.start_ms, overs.get(run.id));
      return x.length > 0 ? [{ id: run.id, name: run.name || shortId(run.id), slot: colors?.get(run.id) ?? slotOf(run.id), x, y }] : [];
    });
    // Grey ones lie below those that have a colour of their own.
    out.set(key, [...lines.filter((line) => line.slot === 0), ...lines.filter((line) => line.slot !== 0)]);
  }
  return out;
}

/** Metrics whose names have one of the words. */
export function wantedKeys(keys: readonly string[], text: string): string[] {
  const words = text.toLowerCase().split(/[\s,]+/).filter(Boolean);
  return words.length === 0 ? [...keys] : keys.filter((key) => words.some((word) => key.toLowerCase().includes(word)));
}
