/** Runs as CSV: RFC 4180, safe to open in a spreadsheet. */
import type { Run } from "../api/types";
import { parts, type ColumnAt } from "./runs-view";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A spreadsheet takes text that begins like this for a formula, also behind the quotes of CSV. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** What people and their code wrote: an apostrophe in front keeps a spreadsheet from running it; numbers stay numbers. */
export const harmless = (text: string): string => (FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text);

/** One line, whose end is CRLF. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\r\n`;
}

/** A figure in full; JSON has no word for what is no finite number and says null. */
export function figureText(value: number | null | undefined): string {
  return value === undefined ? "" : value === null ? "NaN" : String(value);
}

interface CsvColumn {
  title: string;
  of: (run: Run) => string;
}

const moment = (ms: number | null | undefined) => (ms == null ? "" : new Date(ms).toISOString());

/** Titles as `mlflow.search_runs` and `volano exp export` have them. */
const FIRST: CsvColumn[] = [
  { title: "run_id", of: (run) => run.id },
  { title: "run_name", of: (run) => harmless(run.name) },
  { title: "status", of: (run) => run.status },
  { title: "start_time", of: (run) => moment(run.start_ms) },
  { title: "duration_ms", of: (run) => (run.start_ms == null || run.end_ms == null ? "" : String(run.end_ms - run.start_ms)) },
];
const AMONG_FIRST = ["run_id", "status", "start_time", "duration"];

/** What stands first for every run, then the columns of the page. */
export function csvColumns(columns: readonly ColumnAt[], experimentName: (number: string) => string): CsvColumn[] {
  const own = columns
    .filter(({ key }) => !AMONG_FIRST.includes(key))
    .map(({ key }): CsvColumn => {
      const { kind, name } = parts(key);
      if (kind === "metrics") return { title: harmless(key), of: (run) => figureText(run.metrics[name]) };
      if (kind) return { title: harmless(key), of: (run) => harmless(run[kind][name] ?? "") };
      if (key === "user") return { title: "user_id", of: (run) => harmless(run.user) };
      if (key === "experiment") return { title: key, of: (run) => harmless(experimentName(run.experiment)) };
      return { title: harmless(key), of: () => "" };
    });
  return [...FIRST, ...own];
}

/** A file name that every system takes. */
export const csvName = (experiment: string, now: Date): string => `runs-${experiment.replace(/[^\w.-]+/g, "_").slice(0, 80) || "all"}-${now.toISOString().slice(0, 10)}.csv`;
