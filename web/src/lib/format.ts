/** How figures and times read: one place, so that a number looks the same on every page. */

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A count: `81,432`. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : grouped.format(value);
}

/** `1 row`, `2 rows`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${grouped.format(value)} ${value === 1 ? one : many}`;
}

/** A measured figure with four significant digits: `0.8412`, `12,345`, `1.2e-5`. */
export function figure(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(2).replace("e+", "e");
  if (Number.isInteger(value) && size < 1e9) return grouped.format(value);
  if (size >= 1_000) return grouped.format(Math.round(value));
  const whole = Math.floor(Math.log10(size)) + 1;
  return value.toFixed(Math.max(0, Math.min(6, digits - Math.max(whole, 0))));
}

/** A value as it stands in the data, without groups: a year is 2013. */
export function plain(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return String(Number(value.toPrecision(Math.abs(value) >= 1_000 ? 6 : 4)));
}

/** Small p values by their size only: digits there say nothing. */
export function pValue(value: number | null | undefined): string {
  return value !== null && value !== undefined && value < 0.001 ? "< 0.001" : figure(value, 3);
}

/** A sentence that the server wrote, as one is written; a name in front keeps its letters. */
export function sentence(text: string): string {
  const first = text.split(/\s/)[0] ?? "";
  return /^[a-z]+$/.test(first) ? text[0]?.toUpperCase() + text.slice(1) : text;
}

/** Moments within texts of the server: it writes milliseconds since the epoch where a column holds times. */
export function readable(text: string): string {
  return text.replace(/\b1\d{12}(\.\d+)?\b/g, (ms) => exact(Number(ms)).slice(0, 16));
}

/** A difference with its sign: `+0.0121`, `−0.0020`. */
export function signed(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "±0";
  return (value > 0 ? "+" : "−") + figure(Math.abs(value));
}

export function percent(share: number | null | undefined, digits = 1): string {
  if (share === null || share === undefined || Number.isNaN(share)) return "–";
  const value = share * 100;
  if (value === 0 || value === 100) return `${value}%`;
  return `${value.toFixed(Math.abs(value) < 0.1 ? 2 : digits)}%`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** A span of time: `90 ms`, `14 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function span(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "–";
  if (ms < 0) return `−${span(-ms)}`;
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const pair = (big: number, small: number, a: string, b: string) => (small ? `${big} ${a} ${small} ${b}` : `${big} ${a}`);
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(Math.floor(whole / 60), whole % 60, "min", "s");
  if (whole < 86_400) return pair(Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), "h", "min");
  return pair(Math.floor(whole / 86_400), Math.floor((whole % 86_400) / 3600), "d", "h");
}

const pad = (value: number) => String(value).padStart(2, "0");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A moment, as exact as its age makes useful: `12 s ago`, `18:03`, `24 Nov 18:03`, `24 Nov 2013`. */
export function moment(ms: number | null | undefined, now = Date.now()): string {
  if (ms === null || ms === undefined) return "–";
  const age = now - ms;
  if (age >= 0 && age < 5_000) return "just now";
  if (age >= 0 && age < 60_000) return `${Math.floor(age / 1000)} s ago`;
  if (age >= 0 && age < 3_600_000) return `${Math.floor(age / 60_000)} min ago`;
  const time = new Date(ms);
  const today = new Date(now);
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}`;
  const day = `${time.getDate()} ${months[time.getMonth()]}`;
  if (time.toDateString() === today.toDateString()) return clock;
  return time.getFullYear() === today.getFullYear() ? `${day} ${clock}` : `${day} ${time.getFullYear()}`;
}

/** The whole moment with its zone, for titles. */
export function exact(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "";
  const t = new Date(ms);
  const zone = -t.getTimezoneOffset();
  const sign = zone < 0 ? "-" : "+";
  const offset = `${sign}${pad(Math.floor(Math.abs(zone) / 60))}:${pad(Math.abs(zone) % 60)}`;
  return `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())} ${pad(t.getHours())}:${pad(t.getMinutes())}:${pad(t.getSeconds())} ${offset}`;
}

/** What tells two ids of one day apart: the last eight digits. */
export function shortId(id: string): string {
  if (!/^[0-9a-f]+$/.test(id)) return id;
  return id.length === 32 ? id.slice(24) : id.length > 16 ? id.slice(0, 10) : id;
}

/** `waiting_approval` → `waiting approval`. */
export function words(text: string): string {
  return text.replaceAll("_", " ");
}

/** A structure as a short line of names and values, for tables: `rows 27,004 · outcome done`. */
export function brief(value: unknown): string {
  if (value === null || typeof value !== "object") return inline(value);
  if (Array.isArray(value)) return value.map((v) => (v !== null && typeof v === "object" ? brief(v) : inline(v))).join(", ");
  return Object.entries(value)
    .filter(([, inner]) => inner !== null && inner !== "")
    .map(([key, inner]) => {
      if (typeof inner === "number" && key.endsWith("_ms")) return `${words(key.slice(0, -3))} ${inner > LONG_AGO_MS ? moment(inner) : span(inner)}`;
      if (typeof inner === "string" && /^[0-9a-f]{32,64}$/.test(inner)) return `${words(key)} ${shortId(inner)}`;
      return `${words(key)} ${inner !== null && typeof inner === "object" ? `(${brief(inner)})` : inline(inner)}`;
    })
    .join(" · ");
}

/** Larger numbers of milliseconds are moments, smaller ones are spans. */
export const LONG_AGO_MS = 1e12;

/** Any JSON value on one line, for tables of details. */
export function inline(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return figure(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((v) => typeof v !== "object" || v === null)) return `[${value.map((v) => inline(v)).join(", ")}]`;
  return JSON.stringify(value);
}
