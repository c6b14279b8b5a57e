/** What a list of runs shows, as the address, the filter language and saved views write it. */
import type { Run, SavedView, ViewSent } from "../api/types";
import { figure, span, words } from "./format";
import { byRank } from "./metrics";

export interface ColumnAt {
  /** `metrics.KEY`, `params.KEY`, `tags.KEY`, or an attribute. */
  key: string;
  width?: number;
}

export interface Sort {
  key: string;
  desc: boolean;
}

/** Everything that the address of a list of runs holds. */
export interface RunsView {
  experiment: string;
  filter: string;
  status: string;
  sort: Sort;
  /** Absent: the page chooses. */
  columns: ColumnAt[] | undefined;
  /** What the runs are gathered by, as a column's key; empty for not at all. */
  group: string;
  /** Whether runs stand below the run that started them. */
  nested: boolean;
}

export const NEWEST_FIRST: Sort = { key: "start_time", desc: true };

/** What is known of every run. */
export const ATTRIBUTES: [key: string, name: string][] = [
  ["start_time", "started"],
  ["duration", "took"],
  ["status", "state"],
  ["user", "user"],
  ["experiment", "experiment"],
  ["run_id", "run id"],
];

/** The kinds of what runs log. */
export const KINDS = ["metrics", "params", "tags"] as const;
type Kind = (typeof KINDS)[number];

/** `metrics.val/auc` in its two parts; attributes have no kind. */
export function parts(key: string): { kind: Kind | ""; name: string } {
  const dot = key.indexOf(".");
  const kind = KINDS.find((one) => one === key.slice(0, dot));
  return kind ? { kind, name: key.slice(dot + 1) } : { kind: "", name: key };
}

/** The name in a column's head. */
export function headOf(key: string): string {
  const { kind, name } = parts(key);
  return kind ? name : (ATTRIBUTES.find(([attribute]) => attribute === name)?.[1] ?? name);
}

/* Columns in the address: `metrics.auc,params.lr~140` */

export const escaped = (text: string) => text.replace(/[%,~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
export const unescaped = (text: string) => text.replace(/%(25|2c|7e)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

export function writeColumns(columns: readonly ColumnAt[]): string {
  return columns.map(({ key, width }) => escaped(key) + (width ? `~${Math.round(width)}` : "")).join(",");
}

export function parseColumns(text: string): ColumnAt[] | undefined {
  if (!text) return undefined;
  const seen = new Set<string>();
  const columns: ColumnAt[] = [];
  for (const part of text.split(",")) {
    const [name = "", wide] = part.split("~");
    const key = unescaped(name);
    if (!key || seen.has(key)) continue;
    seen.add(key);
    const width = Number(wide);
    columns.push(width >= MIN_WIDTH && width <= MAX_WIDTH ? { key, width } : { key });
  }
  return columns;
}

export const MIN_WIDTH = 48;
export const MAX_WIDTH = 1_200;

/** Wide enough for a name of this length, within reason. */
export function widthOf(at: ColumnAt): number {
  if (at.width) return at.width;
  const { kind, name } = parts(at.key);
  if (kind === "") return name === "start_time" ? 108 : name === "experiment" ? 130 : name === "run_id" ? 96 : 88;
  return Math.max(92, Math.min(168, name.length * 6.4 + 26));
}

/** One column before another, or at the end. */
export function moved(columns: readonly ColumnAt[], key: string, before: string | undefined): ColumnAt[] {
  const at = columns.find((column) => column.key === key);
  if (!at || key === before) return [...columns];
  const rest = columns.filter((column) => column.key !== key);
  const place = before === undefined ? rest.length : rest.findIndex((column) => column.key === before);
  rest.splice(place < 0 ? rest.length : place, 0, at);
  return rest;
}

/* The filter language */

/** A key may hold what the language gives a meaning; no key holds a backtick. */
export function identifier(key: string): string {
  const { kind, name } = parts(key);
  if (kind) return `${kind}.${/^\w+$/.test(name) ? name : `\`${name}\``}`;
  const attribute = ({ user: "user_id", name: "run_name" } as Record<string, string>)[name] ?? name;
  return `attributes.${attribute}`;
}

/** Plain words search in names; anything with an operator is the filter language as it is. */
export function filterOf(text: string): string | undefined {
  const wanted = text.trim();
  if (!wanted) return undefined;
  if (/[=<>]|\b(like|ilike|in|is)\b/i.test(wanted)) return wanted;
  return `attributes.run_name ILIKE '%${wanted.replaceAll("'", "_")}%'`;
}

/** All of several filters; the first one keeps its place but for a parenthesis. */
export function allOf(...filters: (string | undefined)[]): string | undefined {
  const some = filters.filter((filter): filter is string => !!filter);
  return some.length > 1 ? some.map((filter) => `(${filter})`).join(" and ") : some[0];
}

export const statusFilter = (status: string): string | undefined => (status ? `attributes.status = '${status.toUpperCase()}'` : undefined);

/** Where in the typed text the server's fault lies: it may have seen it within parentheses. */
export function faultAt(typed: string, sent: string | undefined, span: { start: number; end: number } | null | undefined): [string, string, string] {
  const shift = sent !== undefined && sent !== typed && sent.startsWith(`(${typed}`) ? 1 : 0;
  const letters = [...typed];
  const clamp = (at: number) => Math.max(0, Math.min(letters.length, at - shift));
  const start = clamp(span?.start ?? letters.length);
  const end = Math.max(start, clamp(span?.end ?? letters.length));
  return [letters.slice(0, start).join(""), letters.slice(start, end).join(""), letters.slice(end).join("")];
}

/* Order */

export function parseSort(text: string): Sort {
  const at = text.lastIndexOf(":");
  if (at < 0) return text ? { key: text, desc: true } : NEWEST_FIRST;
  return { key: text.slice(0, at), desc: text.slice(at + 1) !== "asc" };
}

export const writeSort = (sort: Sort): string => `${sort.key}:${sort.desc ? "desc" : "asc"}`;

/** What the server can order by: how long a run took is no field of it. */
export const sortable = (key: string): boolean => key !== "duration" && key !== "experiment";

export const orderBy = (sort: Sort): string => `${identifier(sort.key)} ${sort.desc ? "DESC" : "ASC"}`;

/** An order as it is written, back to the column. */
export function sortOf(order: string | undefined): Sort {
  const hit = order?.match(/^(.*?)(?:\s+(asc|desc))?$/i);
  const written = hit?.[1]?.trim();
  if (!written) return NEWEST_FIRST;
  const key = written.replaceAll("`", "").replace(/^(attributes?)\./, "").replace(/^(metric|param|tag)\./, "$1s.");
  const attribute = ({ user_id: "user", run_name: "name" } as Record<string, string>)[key] ?? key;
  return { key: attribute, desc: hit?.[2]?.toLowerCase() === "desc" };
}

/* Columns that the page chooses */

const METRICS = 6;
const PARAMS = 6;
/** Longer values say nothing in a column. */
const SHORT = 24;
/** What a model scores on its own training rows is shown as far as nothing better was measured. */
const TRAINING = 2;

/** Names by how many of the rows have them, so that the columns say something. */
export function common(rows: readonly Run[], of: (run: Run) => Record<string, unknown>, most: number): string[] {
  const seen = new Map<string, number>();
  for (const run of rows) for (const key of Object.keys(of(run))) seen.set(key, (seen.get(key) ?? 0) + 1);
  return [...seen]
    .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .slice(0, most)
    .map(([key]) => key);
}

/** Parameters that differ come first: the others do not help to choose. */
export function telling(rows: readonly Run[], most: number): string[] {
  const values = new Map<string, Set<string>>();
  for (const run of rows) for (const [key, value] of Object.entries(run.params)) values.set(key, (values.get(key) ?? new Set()).add(value));
  const short = (of: Set<string>) => [...of].every((value) => value.length <= SHORT);
  return [...values]
    .filter(([key, of]) => short(of) && !key.includes("__") && !(of.size === 1 && of.has("None")))
    .sort((a, b) => Number(b[1].size > 1) - Number(a[1].size > 1) || a[0].localeCompare(b[0]))
    .slice(0, most)
    .map(([key]) => key);
}

/** Columns for runs that nobody chose columns for: metrics straight after the name. */
export function chosenFor(rows: readonly Run[], experiment: string): ColumnAt[] {
  // What the machine did is no result.
  const all = byRank(common(rows, (run) => run.metrics, 60)).filter((key) => !key.startsWith("system/"));
  const own = all.filter((key) => !/^train/i.test(key)).slice(0, METRICS);
  const metrics = [...own, ...all.filter((key) => /^train/i.test(key)).slice(0, own.length ? TRAINING : METRICS)];
  const keys = [...metrics.map((key) => `metrics.${key}`), "start_time", "duration", ...telling(rows, PARAMS).map((key) => `params.${key}`)];
  return (experiment ? keys : [...keys, "experiment"]).map((key) => ({ key }));
}

/** The keys that the server is asked for. */
export const asked = (columns: readonly ColumnAt[]): string[] => columns.map((column) => column.key).filter((key) => parts(key).kind !== "");

/* Saved views */

export function sentView(view: RunsView, name: string, shared: boolean, experiment: string | undefined): ViewSent {
  return {
    name,
    shared,
    experiment,
    filter: allOf(filterOf(view.filter), statusFilter(view.status)) ?? "",
    order_by: [orderBy(view.sort)],
    columns: view.columns ?? [],
    group_by: view.group || null,
    nested: view.nested,
  };
}

/** The address that shows a saved view, whole: it means the same after the view has changed. */
export function addressOf(view: SavedView, experimentName: (id: string) => string): string {
  const query = new URLSearchParams();
  if (view.experiment) query.set("experiment", experimentName(view.experiment));
  if (view.filter) query.set("filter", view.filter);
  const sort = writeSort(sortOf(view.order_by[0]));
  if (sort !== writeSort(NEWEST_FIRST)) query.set("sort", sort);
  if (view.columns.length > 0) query.set("cols", writeColumns(view.columns.map(({ key, width }) => ({ key, width: width ?? undefined }))));
  if (view.group_by) query.set("group", view.group_by);
  else if (view.nested) query.set("nest", "1");
  query.set("view", view.id);
  return `/runs?${query.toString()}`;
}

/** Whether the page shows something else than the view that it came from. */
export function differs(view: RunsView, saved: SavedView): boolean {
  const now = sentView(view, saved.name, saved.shared, saved.experiment ?? undefined);
  const plain = (value: Pick<ViewSent, "filter" | "order_by" | "columns" | "group_by" | "nested">) =>
    JSON.stringify([value.filter ?? "", value.order_by ?? [], (value.columns ?? []).map(({ key, width }) => [key, width ?? 0]), value.group_by || "", !value.group_by && (value.nested ?? false)]);
  return plain(now) !== plain(saved);
}

/** A run's value of a column as text. */
export function valueOf(run: Run, key: string, experimentName: (id: string) => string): string {
  const { kind, name } = parts(key);
  if (kind === "metrics") return figure(run.metrics[name]);
  if (kind) return run[kind][name] ?? "–";
  switch (name) {
    case "duration":
      return run.end_ms && run.start_ms ? span(run.end_ms - run.start_ms) : words(run.status.toLowerCase());
    case "status":
      return words(run.status.toLowerCase());
    case "user":
      return run.user || "–";
    case "experiment":
      return experimentName(run.experiment);
    case "run_id":
      return run.id;
    default:
      return "–";
  }
}
