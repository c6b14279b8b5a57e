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
