/** Parameters and metrics as axes: in the address, as values of runs, with limits that choose among them. */
import type { Run } from "../api/types";
import { escaped, parts, unescaped } from "./runs-view";
import { numberScale, type NumberScale, type Range } from "./scale";

export interface AxisAt {
  /** `metrics.KEY` or `params.KEY`. */
  key: string;
  log: boolean;
}

/** `params.lr~log`. */
export const writeAxis = ({ key, log }: AxisAt): string => escaped(key) + (log ? "~log" : "");

export function parseAxis(text: string): AxisAt | undefined {
  const [name = "", flag] = text.split("~");
  const key = unescaped(name);
  const { kind } = parts(key);
  return kind === "metrics" || kind === "params" ? { key, log: flag === "log" } : undefined;
}

export const writeAxes = (axes: readonly AxisAt[]): string => axes.map(writeAxis).join(",");

export function parseAxes(text: string): AxisAt[] {
  const seen = new Set<string>();
  return text
    .split(",")
    .map(parseAxis)
    .filter((axis): axis is AxisAt => axis !== undefined && !seen.has(axis.key) && seen.add(axis.key) !== undefined);
}

export interface Axis extends AxisAt {
  name: string;
  /** Of each run; null where it has none. */
  values: (number | string | null)[];
  /** Absent: its values are names. */
  scale: NumberScale | undefined;
  names: string[];
}

/** What Python writes where there is no number. */
const NOTHING = /^(none|null|nan|)$/i;
const naturally = new Intl.Collator("en", { numeric: true });

/** A parameter that was tried with a few values has these as ticks, as far as they stand apart. */
const FEW = 8;
const APART = 0.04;

function ownTicks(scale: NumberScale, values: readonly number[]): number[] {
  const tried = [...new Set(values)].filter((value) => scale.at(value) !== undefined).sort((a, b) => a - b);
  if (tried.length === 0 || tried.length > FEW) return scale.ticks;
  let last = Number.NEGATIVE_INFINITY;
  return tried.filter((value) => {
    const share = scale.at(value) ?? 0;
    if (share - last < APART) return false;
    last = share;
    return true;
  });
}

/** The values of runs on an axis: numbers where all are, names otherwise. */
export function axisOf(runs: readonly Run[], at: AxisAt, ticks = 8): Axis {
  const { kind, name } = parts(at.key);
  const found = runs.map((run): number | string | null => (kind === "metrics" ? run.metrics[name] : run.params[name]) ?? null);
  const numbers = found.map((value) => (typeof value === "string" ? (NOTHING.test(value.trim()) ? null : Number(value)) : value));
  const known = numbers.filter((value): value is number => value !== null);
  if (kind === "metrics" || (known.length > 0 && known.every(Number.isFinite))) {
    const finite = numbers.map((value) => (value !== null && Number.isFinite(value) ? value : null));
    const scale = numberScale(known, at.log, ticks);
    return { ...at, name, values: finite, scale: kind === "params" ? { ...scale, ticks: ownTicks(scale, known) } : scale, names: [] };
  }
  const names = [...new Set(found.filter((value) => value !== null).map(String))].sort(naturally.compare);
  return { ...at, log: false, name, values: found.map((value) => (value === null ? null : String(value))), scale: undefined, names };
}

/** Where a value stands, from 0 to 1; undefined for none. */
export function shareOf(axis: Axis, value: number | string | null | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (axis.scale) return axis.scale.at(Number(value));
  const at = axis.names.indexOf(String(value));
  return at < 0 ? undefined : (at + 0.5) / axis.names.length;
}

/** What a run must have on an axis to be drawn in full. */
export type Limit = { range: Range } | { names: string[] };
export type Limits = ReadonlyMap<string, Limit>;

const digits = (value: number) => String(Number(value.toPrecision(6)));

/** `metrics.auc~0.7~0.8,params.booster~=dart`. */
export function writeLimits(limits: Limits): string {
  return [...limits].map(([key, limit]) => [escaped(key), ...("range" in limit ? limit.range.map(digits) : limit.names.map((name) => `=${escaped(name)}`))].join("~")).join(",");
}

export function parseLimits(text: string): Limits {
  const out = new Map<string, Limit>();
  for (const part of text.split(",")) {
    const [name = "", ...rest] = part.split("~");
    const key = unescaped(name);
    if (!key || rest.length === 0) continue;
    if (rest.every((one) => one.startsWith("="))) out.set(key, { names: rest.map((one) => unescaped(one.slice(1))) });
    else {
      const [low, high] = rest.map(Number);
      if (low !== undefined && high !== undefined && low <= high) out.set(key, { range: [low, high] });
    }
  }
  return out;
}

export function within(axis: Axis, limit: Limit | undefined, run: number): boolean {
  if (!limit) return true;
  const value = axis.values[run];
  if (value === null || value === undefined) return false;
  if ("names" in limit) return limit.names.includes(String(value));
  return Number(value) >= limit.range[0] && Number(value) <= limit.range[1];
}

/** The limit of the part of an axis between two shares; none where nothing would be left. */
export function limitBetween(axis: Axis, from: number, to: number): Limit | undefined {
  const [low, high] = from < to ? [from, to] : [to, from];
  if (axis.scale) return { range: [axis.scale.value(low), axis.scale.value(high)] };
  const names = axis.names.filter((_, i) => (i + 0.5) / axis.names.length >= low && (i + 0.5) / axis.names.length <= high);
  return names.length > 0 ? { names } : undefined;
}

/** One place up or down. */
export function shifted<T>(list: readonly T[], from: number, by: number): T[] {
  const out = [...list];
  const [one] = out.splice(from, 1);
  if (one !== undefined) out.splice(Math.max(0, Math.min(out.length, from + by)), 0, one);
  return out;
}
