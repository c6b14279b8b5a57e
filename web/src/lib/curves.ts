/** Curves as lines of charts. */
import type { Run, RunCurve } from "../api/types";
import type { Line } from "../ui/plot";
import { slotOf } from "./color";
import { shortId } from "./format";
import type { Range } from "./scale";
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

/** The steps that a part of an axis covers in the curves that have more points than are here; null when there is none. */
export function stepsWithin(runs: readonly Run[], curves: readonly RunCurve[], axis: Axis, range: Range): Range | null {
  if (axisMetric(axis)) return null;
  let found: Range | null = null;
  const began = new Map(runs.map((run) => [run.id, run.start_ms]));
  for (const { run, points, thinned } of curves) {
    if (!thinned) continue;
    const { x } = placed(points, axis, began.get(run));
    const inside = x.findIndex((at) => at >= range[0]);
    const after = x.findIndex((at) => at > range[1]);
    const from = points[Math.max(0, (inside < 0 ? x.length : inside) - 1)]?.step;
    const to = points[after < 0 ? x.length - 1 : after]?.step;
    if (from === undefined || to === undefined) continue;
    found = found ? [Math.min(found[0], from), Math.max(found[1], to)] : [from, to];
  }
  return found;
}

/** Curves in which a part, where there is one, stands in place of the few points that stood for it. */
export function refined(curves: readonly RunCurve[], parts: readonly RunCurve[]): RunCurve[] {
  const part = new Map(parts.map((one) => [`${one.run} ${one.key}`, one.points]));
  return curves.map((curve) => {
    const fine = part.get(`${curve.run} ${curve.key}`) ?? [];
    const [first, last] = [fine[0]?.step, fine.at(-1)?.step];
    if (!curve.thinned || first === undefined || last === undefined) return curve;
    return { ...curve, points: [...curve.points.filter((p) => p.step < first), ...fine, ...curve.points.filter((p) => p.step > last)] };
  });
}

/** Metrics whose names have one of the words. */
export function wantedKeys(keys: readonly string[], text: string): string[] {
  const words = text.toLowerCase().split(/[\s,]+/).filter(Boolean);
  return words.length === 0 ? [...keys] : keys.filter((key) => words.some((word) => key.toLowerCase().includes(word)));
}
