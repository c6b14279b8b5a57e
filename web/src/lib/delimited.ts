/** Tables in text: values separated by commas or tabs, as RFC 4180 has them; and the JSON that mlflow.log_table writes. */

export interface TextTable {
  columns: string[];
  /** Values as they stand in the file: they are text, whatever is in them. */
  rows: string[][];
  /** Whether there are more rows than were read. */
  more: boolean;
}

/** Columns that are drawn; wider tables say so. */
export const MAX_COLUMNS = 200;

/** Reads at most `limit` rows below the header. `whole` is false for the start of a longer file, whose last line may be torn. */
export function parseDelimited(text: string, separator: "," | "\t", limit: number, whole = true): TextTable {
  const lines: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let any = false;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const endCell = () => {
    row.push(cell);
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (any || row.length > 1 || row[0] !== "") lines.push(row);
    row = [];
    any = false;
  };
  // One line beyond the limit tells that there are more.
  while (at < text.length && lines.length <= limit + 1) {
    const char = text[at] ?? "";
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"' && cell === "") {
      quoted = true;
      any = true;
    } else if (char === separator) endCell();
    else if (char === "\n" || char === "\r") {
      if (char === "\r" && text[at + 1] === "\n") at += 1;
      endRow();
    } else cell += char;
    at += 1;
  }
  const done = at >= text.length;
  if (done && whole && (cell !== "" || row.length > 0 || any)) endRow();
  const [columns = [], ...rows] = lines;
  return { columns, rows: rows.slice(0, limit), more: rows.length > limit || !done || !whole };
}

export interface ValueTable {
  columns: string[];
  rows: unknown[][];
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value);

/** `{"columns": […], "data": [[…]]}`, or a list of records; `undefined` for other JSON. */
export function tableOf(value: unknown): ValueTable | undefined {
  if (isRecord(value) && Array.isArray(value.columns) && Array.isArray(value.data) && value.data.every((row) => Array.isArray(row))) {
    return { columns: value.columns.map((name) => String(name)), rows: value.data as unknown[][] };
  }
  if (Array.isArray(value) && value.length > 0 && value.every((row) => isRecord(row))) {
    const columns = [...new Set(value.slice(0, 100).flatMap((row) => Object.keys(row as object)))];
    return { columns, rows: value.map((row) => columns.map((name) => (row as Record<string, unknown>)[name])) };
  }
  return undefined;
}

/** A picture in a cell of a logged table: the file that holds it. */
export function pictureOf(value: unknown): string | undefined {
  if (!isRecord(value) || value.type !== "image") return undefined;
  const path = value.compressed_filepath ?? value.filepath;
  return typeof path === "string" ? path : undefined;
}
