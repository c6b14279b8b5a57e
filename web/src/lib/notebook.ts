/** A notebook read from its JSON into what can be drawn: text, code, pictures, tables of plain cells. Nothing in it runs. */

export type Output =
  | { kind: "text"; text: string; error: boolean }
  | { kind: "markdown"; text: string }
  | { kind: "json"; value: unknown }
  | { kind: "picture"; src: string }
  | { kind: "table"; rows: string[][] };

export interface Cell {
  kind: "markdown" | "code" | "raw";
  source: string;
  count: number | null;
  outputs: Output[];
}

export interface NotebookFile {
  language: string;
  cells: Cell[];
  /** Cells that are left out: it is too long to draw. */
  hidden: number;
}

const MAX_CELLS = 500;
const MAX_OUTPUT = 20_000;
const MAX_TABLE_ROWS = 200;

type Json = Record<string, unknown>;
const record = (value: unknown): Json => (value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Json) : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Sources and outputs are a text or a list of lines. */
function joined(value: unknown): string {
  if (typeof value === "string") return value;
  return list(value).filter((part) => typeof part === "string").join("");
}

/** Without the colours of a terminal. */
// eslint-disable-next-line no-control-regex
export const plain = (text: string) => text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");

const cut = (text: string) => (text.length > MAX_OUTPUT ? `${text.slice(0, MAX_OUTPUT)}\n… ${text.length - MAX_OUTPUT} characters more` : text);

const NAMED: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", nbsp: " " };

const unescaped = (text: string) =>
  text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,4});/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return NAMED[name.toLowerCase()] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

/** Where a tag that begins at `from` ends: behind its bracket, or behind all when it has none. */
function tagEnd(html: string, from: number): number {
  let quote = "";
  for (let at = from; at < html.length; at += 1) {
    const char = html[at] ?? "";
    if (quote) quote = char === quote ? "" : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === ">") return at + 1;
  }
  return html.length;
}

/** The cells of the first table in HTML, as text. Only tags of tables are looked at, and no document is made of them. */
export function htmlTable(html: string): string[][] | undefined {
  let at = html.search(/<table[\s>]/i);
  if (at < 0) return undefined;
  const rows: string[][] = [];
  let inCell = false;
  const text = (part: string) => {
    const row = rows.at(-1);
    if (inCell && row) row[row.length - 1] += part;
  };
  while (at < html.length && rows.length <= MAX_TABLE_ROWS) {
    const open = html.indexOf("<", at);
    if (open < 0) break;
    text(html.slice(at, open));
    const name = html.slice(open, open + 12).match(/^<(\/?[a-z]+|!--)/i)?.[1]?.toLowerCase();
    if (name === undefined) {
      text("<");
      at = open + 1;
      continue;
    }
    const [hidden] = name === "!--" ? ["-->"] : name === "script" || name === "style" ? [`</${name}`] : [];
    if (hidden) {
      const close = html.indexOf(hidden, open);
      at = close < 0 ? html.length : name === "!--" ? close + hidden.length : tagEnd(html, close + 1);
      continue;
    }
    at = tagEnd(html, open + 1);
    if (name === "/table") break;
    if (name === "tr") rows.push([]);
    if (name === "td" || name === "th") rows.at(-1)?.push("");
    inCell = name === "td" || name === "th" ? rows.length > 0 : inCell && !["tr", "/tr", "/td", "/th"].includes(name);
  }
  return rows.slice(0, MAX_TABLE_ROWS).map((row) => row.map((cell) => unescaped(cell).trim()));
}

function picture(data: Json): string | undefined {
  for (const type of ["image/png", "image/jpeg", "image/gif", "image/webp"]) {
    const body = joined(data[type]).replace(/\s/g, "");
    if (body && /^[A-Za-z0-9+/=]+$/.test(body)) return `data:${type};base64,${body}`;
  }
  const svg = joined(data["image/svg+xml"]);
  return svg ? svgPicture(svg) : undefined;
}

/** A drawing as a picture: as the source of an image its scripts do not run and it loads nothing. */
export const svgPicture = (svg: string) => `data:image/svg+xml,${encodeURIComponent(svg)}`;

function output(raw: unknown): Output | undefined {
  const given = record(raw);
  if (given.output_type === "error" || given.output_type === "pyerr") {
    const trace = list(given.traceback).filter((line) => typeof line === "string").join("\n");
    return { kind: "text", text: cut(plain(trace || `${String(given.ename)}: ${String(given.evalue)}`)), error: true };
  }
  const data = record(given.data);
  const drawn = picture(data);
  if (drawn) return { kind: "picture", src: drawn };
  const html = joined(data["text/html"]);
  const table = html ? htmlTable(html) : undefined;
  if (table && table.length > 0) return { kind: "table", rows: table };
  const markdown = joined(data["text/markdown"]);
  if (markdown) return { kind: "markdown", text: markdown };
  const text = joined(given.text) || joined(data["text/plain"]) || joined(data["text/latex"]);
  if (!text && data["application/json"] !== undefined) return { kind: "json", value: data["application/json"] };
  return text ? { kind: "text", text: cut(plain(text)), error: given.name === "stderr" } : undefined;
}

/** The pictures that a text cell brings with it, put where the text names them. */
function attached(source: string, cell: Json): string {
  return source.replace(/\(attachment:([^)\s]+)\)/g, (whole, name: string) => {
    const src = picture(record(record(cell.attachments)[name]));
    return src ? `(${src})` : whole;
  });
}

export function parseNotebook(text: string): NotebookFile | undefined {
  let root: Json;
  try {
    root = record(JSON.parse(text));
  } catch {
    return undefined;
  }
  // Notebooks of format 3 have their cells in worksheets.
  const raw = Array.isArray(root.cells) ? root.cells : list(root.worksheets).flatMap((sheet) => list(record(sheet).cells));
  if (raw.length === 0 && !Array.isArray(root.cells)) return undefined;
  const cells = raw.slice(0, MAX_CELLS).map((one): Cell => {
    const cell = record(one);
    const kind = cell.cell_type === "code" ? "code" : cell.cell_type === "raw" ? "raw" : "markdown";
    const source = joined(cell.source ?? cell.input);
    const count = cell.execution_count ?? cell.prompt_number;
    return {
      kind,
      source: kind === "markdown" ? attached(source, cell) : source,
      count: typeof count === "number" ? count : null,
      outputs: list(cell.outputs).map(output).filter((one): one is Output => one !== undefined),
    };
  });
  const metadata = record(root.metadata);
  const language = record(metadata.language_info).name ?? record(metadata.kernelspec).language;
  return { language: typeof language === "string" ? language : "", cells, hidden: raw.length - cells.length };
}
