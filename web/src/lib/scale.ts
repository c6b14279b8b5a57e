/** Axes of drawings: where a number or a name stands, and which ticks say so. */

export type Range = [number, number];

/** The part of an axis that is `factor` times as wide, about `middle` where that is within it. */
export function zoomed([low, high]: Range, factor: number, middle?: number): Range {
  const at = middle !== undefined && middle >= low && middle <= high ? middle : (low + high) / 2;
  return [at - (at - low) * factor, at + (high - at) * factor];
}

/** Ends that are apart: a single value stands in the middle. */
function apart(low: number, high: number, log: boolean): Range {
  if (low < high) return [low, high];
  if (log) return [low / 2, high * 2];
  const room = Math.abs(low) * 0.1 || 0.5;
  return [low - room, high + room];
}

export interface NumberScale {
  log: boolean;
  ends: Range;
  /** 0 at the lower end, 1 at the upper one; undefined where the axis has no place for it. */
  at: (value: number) => number | undefined;
  /** The value at a share of the axis. */
  value: (share: number) => number;
  ticks: number[];
}

const finite = (value: number) => Number.isFinite(value);

/** An axis that holds all values; of a logarithmic one those above zero, and a plain one where none is. */
export function numberScale(values: readonly number[], log = false, wanted = 5): NumberScale {
  const known = values.filter((value) => finite(value) && (!log || value > 0));
  if (log && known.length === 0) return numberScale(values, false, wanted);
  const least = known.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = known.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const [low, high] = known.length > 0 ? apart(least, most, log) : [0, 1];
  const to = log ? Math.log10 : (v: number) => v;
  const [a, b] = [to(low), to(high)];
  return {
    log,
    ends: [low, high],
    at: (value) => (finite(value) && (!log || value > 0) ? (to(value) - a) / (b - a) : undefined),
    value: (share) => (log ? 10 ** (a + share * (b - a)) : a + share * (b - a)),
    ticks: log ? logTicks(low, high, wanted) : plainTicks(low, high, wanted),
  };
}

/** Round numbers within the ends. */
export function plainTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / Math.max(1, wanted - 1);
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * size >= rough * 0.999) ?? 10) * size;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toFixed(Math.min(20, digits))));
}

/** Powers of ten within the ends; with less than two of them also twice and five times these. */
function logTicks(low: number, high: number, wanted: number): number[] {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const within = (factors: number[]) =>
    Array.from({ length: to - from + 1 }, (_, i) => factors.map((f) => Number((f * 10 ** (from + i)).toPrecision(12))))
      .flat()
      .filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9));
  const tens = within([1]);
  if (tens.length > wanted) return tens.filter((_, i) => i % Math.ceil(tens.length / wanted) === 0);
  if (tens.length >= 2) return tens;
  const more = within([1, 2, 5]);
  return more.length >= 2 ? more : plainTicks(low, high, wanted);
}
