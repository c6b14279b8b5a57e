/** Runs gathered by a value they share, and runs below the run that started them: in the words of the filter language. */
import type { Run, RunGroup } from "../api/types";
import { allOf, identifier, parts, statusFilter, type Sort } from "./runs-view";

/** What runs can be gathered by, besides parameters and tags. */
export const SHARED = ["status", "user", "experiment"] as const;

/** The tag with which the MLflow client nests a run in another one. */
export const PARENT = "tags.mlflow.parentRunId";

/** Only runs that are nested in none. */
export const AT_TOP = `${identifier(PARENT)} IS NULL`;

export const below = (run: string): string => equals(PARENT, run);

/** Texts of the filter language have no escapes: one that holds both quotes is two patterns, each sure of one of them. */
export function equals(key: string, text: string): string {
  const name = identifier(key);
  if (!text.includes("'")) return `${name} = '${text}'`;
  if (!text.includes('"')) return `${name} = "${text}"`;
  return `(${name} LIKE '${text.replaceAll("'", "_")}' and ${name} LIKE "${text.replaceAll('"', "_")}")`;
}

/** What a row shows. */
export type Row = Run | RunGroup;
export const isGroup = (row: Row): row is RunGroup => !("id" in row);
export const rowKey = (row: Row): string => (isGroup(row) ? groupKey(row) : row.id);

/** A group's name among rows. */
export const groupKey = (group: Pick<RunGroup, "value">): string => `group ${JSON.stringify(group.value ?? null)}`;

export const groupValue = (key: string): string | null => JSON.parse(key.slice("group ".length)) as string | null;

/** Which runs a group holds. */
export function within(by: string, value: string | null, search: { experiment?: string; filter?: string }): { experiment?: string; filter?: string } {
  if (by === "experiment") return { ...search, experiment: value ?? search.experiment };
  const own = by === "status" ? statusFilter(value ?? "") : value === null ? `${identifier(by)} IS NULL` : equals(by, value);
  return { ...search, filter: allOf(search.filter, own) };
}

/** The metrics among columns, each once. */
export const metricsOf = (columns: readonly { key: string }[]): string[] => [...new Set(columns.map(({ key }) => parts(key)).filter(({ kind }) => kind === "metrics").map(({ name }) => name))];

const natural = new Intl.Collator("en", { numeric: true });
const numbers = (a: string, b: string) => (a.trim() && b.trim() ? Number(a) - Number(b) : Number.NaN);

/** Groups by the mean of the metric that runs are ordered by, or by their value; else as the server has them, those of most runs first. */
export function ordered(groups: readonly RunGroup[], by: string, sort: Sort): readonly RunGroup[] {
  const { kind, name } = parts(sort.key);
  const sign = sort.desc ? -1 : 1;
  const last = (a: unknown, b: unknown) => Number(a === undefined || a === null) - Number(b === undefined || b === null);
  if (kind === "metrics") {
    const mean = (group: RunGroup) => group.metrics[name]?.mean;
    return [...groups].sort((a, b) => last(mean(a), mean(b)) || sign * ((mean(a) ?? 0) - (mean(b) ?? 0)) || 0);
  }
  if (sort.key !== by) return groups;
  return [...groups].sort((a, b) => last(a.value, b.value) || sign * (numbers(a.value ?? "", b.value ?? "") || natural.compare(a.value ?? "", b.value ?? "")));
}
