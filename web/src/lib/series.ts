/** What happens to a metric's points before they are drawn. */

/**
 * Debiased exponential moving average: without the correction the first points would be pulled to zero.
 * `weight` 0 leaves the line as it is.
 */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return [...values];
  let last = 0;
  let seen = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    last = last * weight + (1 - weight) * value;
    seen += 1;
    return last / (1 - weight ** seen);
  });
}

/** One shared x axis for lines with points of their own, as the chart wants it; gaps are null. */
export function align(lines: readonly { x: readonly number[]; y: readonly (number | null)[] }[]): {
  x: number[];
  ys: (number | null)[][];
} {
  const at = new Map<number, number>();
  for (const line of lines) for (const x of line.x) at.set(x, 0);
  const x = [...at.keys()].sort((a, b) => a - b);
  x.forEach((value, index) => at.set(value, index));
  const ys = lines.map((line) => {
    const column: (number | null)[] = new Array<number | null>(x.length).fill(null);
    line.x.forEach((value, index) => {
      const place = at.get(value);
      if (place !== undefined) column[place] = line.y[index] ?? null;
    });
    return column;
  });
  return { x, ys };
}

/** The place nearest to `index` that has a value: thinned lines have their points at different places. */
export function nearest(values: ArrayLike<number | null | undefined>, index: number): number | null {
  for (let away = 0; away < values.length; away += 1) {
    if (values[index - away] != null) return index - away;
    if (values[index + away] != null) return index + away;
  }
  return null;
}

interface Point {
  step: number;
  time_ms: number;
  value?: number | null;
}

/** What a curve is drawn over; `metric:NAME` is another metric at the same step. */
export type Axis = "step" | "relative" | "time" | `metric:${string}`;

/** The metric of an axis that is one. */
export const axisMetric = (axis: string): string => (axis.startsWith("metric:") ? axis.slice(7) : "");

/** A curve's value at a step, on the straight line between its points; none before the first and after the last. */
export function valueAt(points: readonly Point[], step: number): number | null {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.step ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  const after = points[low];
  if (after?.step === step) return after.value ?? null;
  const before = points[low - 1];
  if (!after || !before || after.step < step || after.value == null || before.value == null) return null;
  return before.value + ((after.value - before.value) * (step - before.step)) / (after.step - before.step);
}

/** The points of a curve over an axis, in its order; those without a place on it are left out. `over` is the axis' own curve. */
export function placed(points: readonly Point[], axis: Axis, start: number | null | undefined, over?: readonly Point[]): { x: number[]; y: (number | null)[] } {
  const began = start ?? points[0]?.time_ms ?? 0;
  const at = (p: Point): number | null => {
    if (axis === "step") return p.step;
    if (axis === "time") return p.time_ms;
    return axis === "relative" ? (p.time_ms - began) / 1000 : valueAt(over ?? [], p.step);
  };
  const found = points.map((p) => [at(p), p.value ?? null] as const).filter((pair): pair is readonly [number, number | null] => pair[0] !== null);
  if (axisMetric(axis)) found.sort((a, b) => a[0] - b[0]);
  return { x: found.map(([x]) => x), y: found.map(([, y]) => y) };
}

/** One sentence about a line for people who do not see it. */
export function summary(name: string, y: readonly (number | null)[], say: (value: number) => string): string {
  const known = y.filter((value): value is number => value !== null && Number.isFinite(value));
  const first = known[0];
  const last = known.at(-1);
  if (first === undefined || last === undefined) return `${name}: no points.`;
  if (known.length === 1) return `${name}: one point, ${say(first)}.`;
  const low = known.reduce((a, b) => Math.min(a, b), first);
  const high = known.reduce((a, b) => Math.max(a, b), first);
  return `${name}: ${known.length} points from ${say(first)} to ${say(last)}, lowest ${say(low)}, highest ${say(high)}.`;
}
