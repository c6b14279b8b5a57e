/**
 * Markdown as a tree of plain values: what people write in notes and notebooks. HTML is text like any other, so that nothing can be
 * smuggled in; whoever draws the tree makes elements of it and never markup.
 */

export type Inline =
  | string
  | { t: "strong" | "em" | "del"; c: Inline[] }
  | { t: "code"; text: string }
  | { t: "link"; href: string; c: Inline[] }
  | { t: "image"; src: string; alt: string }
  | { t: "br" };

export interface Item {
  c: Block[];
  /** A box to tick, and whether it is ticked. */
  task?: boolean;
}

export type Align = "left" | "center" | "right" | "";

export type Block =
  | { t: "heading"; level: number; c: Inline[] }
  | { t: "p"; c: Inline[] }
  | { t: "code"; lang: string; text: string }
  | { t: "quote"; c: Block[] }
  | { t: "list"; ordered: boolean; start: number; items: Item[] }
  | { t: "rule" }
  | { t: "table"; align: Align[]; head: Inline[][]; rows: Inline[][][] };

/** Longer texts are cut: nobody reads a note of a book's length, and the page must stay quick. */
export const MAX_MARKDOWN = 100_000;
/** Quotes in quotes and lists in lists beyond this are text. */
const MAX_DEPTH = 12;
/** Characters of a link's text. */
const MAX_LABEL = 1_000;

/** An address that a link may lead to; `undefined` for everything that could run or read something. */
export function safeHref(raw: string): string | undefined {
  // Browsers leave out tabs, line ends and leading control characters before they look at the scheme.
  // eslint-disable-next-line no-control-regex
  const text = raw.replace(/[\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u2028\u2029\ufeff]/g, "");
  if (!/^(https?:\/\/|mailto:)/i.test(text)) return undefined;
  try {
    const url = new URL(text);
    return ["http:", "https:", "mailto:"].includes(url.protocol) && !url.username && !url.password ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** A picture that comes with the text itself; others would be asked of strangers. */
export function safePicture(raw: string): string | undefined {
  return /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+$/.test(raw) ? raw.replace(/\s/g, "") : undefined;
}

export function parseMarkdown(text: string): Block[] {
  return blocks(text.slice(0, MAX_MARKDOWN).replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const HEADING = /^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/;
const QUOTE = /^ {0,3}> ?/;

const blank = (line: string) => line.trim() === "";
const starts = (line: string) => FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);

function blocks(lines: string[], depth: number): Block[] {
  const out: Block[] = [];
  if (depth > MAX_DEPTH) return lines.some((line) => !blank(line)) ? [{ t: "p", c: [lines.join("\n")] }] : [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const fence = line.match(FENCE);
    const heading = line.match(HEADING);
    if (blank(line)) at += 1;
    else if (fence) at = code(lines, at, fence, out);
    else if (heading) {
      out.push({ t: "heading", level: heading[1]?.length ?? 1, c: inline(heading[2] ?? "") });
      at += 1;
    } else if (RULE.test(line)) {
      out.push({ t: "rule" });
      at += 1;
    } else if (QUOTE.test(line)) {
      const from = at;
      while (at < lines.length && (QUOTE.test(lines[at] ?? "") || (!blank(lines[at] ?? "") && !starts(lines[at] ?? "")))) at += 1;
      out.push({ t: "quote", c: blocks(lines.slice(from, at).map((l) => l.replace(QUOTE, "")), depth + 1) });
    } else if (ITEM.test(line)) at = list(lines, at, depth, out);
    else if (isTable(lines, at)) at = table(lines, at, out);
    else {
      const from = at;
      at += 1;
      while (at < lines.length && !blank(lines[at] ?? "") && !starts(lines[at] ?? "")) at += 1;
      const under = lines.slice(from, at).findIndex((l, i) => i > 0 && /^ {0,3}(=+|-+)\s*$/.test(l));
      if (under > 0) {
        out.push({ t: "heading", level: lines[from + under]?.includes("=") ? 1 : 2, c: inline(lines.slice(from, from + under).join("\n")) });
        at = from + under + 1;
      } else out.push({ t: "p", c: inline(lines.slice(from, at).map((l) => l.trimStart()).join("\n")) });
    }
  }
  return out;
}

function code(lines: string[], at: number, fence: RegExpMatchArray, out: Block[]): number {
  const mark = fence[1] ?? "```";
  let end = at + 1;
  while (end < lines.length && !((lines[end] ?? "").trim().startsWith(mark) && /^[`~]+$/.test((lines[end] ?? "").trim()))) end += 1;
  out.push({ t: "code", lang: fence[2] ?? "", text: lines.slice(at + 1, end).join("\n") });
  return end + 1;
}

function list(lines: string[], from: number, depth: number, out: Block[]): number {
  const first = (lines[from] ?? "").match(ITEM);
  const ordered = /\d/.test(first?.[2] ?? "");
  const items: Item[] = [];
  let at = from;
  while (at < lines.length) {
    const hit = (lines[at] ?? "").match(ITEM);
    if (!hit || /\d/.test(hit[2] ?? "") !== ordered || RULE.test(lines[at] ?? "")) break;
    const width = hit[0].length + (hit[3] ? 0 : 1);
    const own = [(lines[at] ?? "").slice(hit[0].length)];
    at += 1;
    while (at < lines.length) {
      const line = lines[at] ?? "";
      const inner = line.length - line.trimStart().length;
      if (blank(line)) {
        const next = lines[at + 1] ?? "";
        if (blank(next) || next.length - next.trimStart().length < width) break;
      } else if (inner < Math.min(width, 2) && starts(line)) break;
      else if (inner < width && ITEM.test(line.trimStart()) && inner < 2) break;
      own.push(line.slice(Math.min(inner, width)));
      at += 1;
    }
    const task = own[0]?.match(/^\[([ xX])\]\s+/);
    if (task) own[0] = (own[0] ?? "").slice(task[0].length);
    items.push({ c: blocks(own, depth + 1), ...(task ? { task: task[1] !== " " } : {}) });
    while (at < lines.length && blank(lines[at] ?? "") && ITEM.test(lines[at + 1] ?? "")) at += 1;
  }
  out.push({ t: "list", ordered, start: ordered ? Number.parseInt(first?.[2] ?? "1", 10) : 1, items });
  return at;
}

const cells = (line: string) =>
  line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

function isTable(lines: string[], at: number): boolean {
  const [head, rule] = [lines[at] ?? "", lines[at + 1] ?? ""];
  return head.includes("|") && rule.includes("-") && /^[\s|:-]+$/.test(rule) && cells(head).length === cells(rule).length;
}

function table(lines: string[], from: number, out: Block[]): number {
  const head = cells(lines[from] ?? "").map(inline);
  const align = cells(lines[from + 1] ?? "").map((cell): Align => (cell.startsWith(":") ? (cell.endsWith(":") ? "center" : "left") : cell.endsWith(":") ? "right" : ""));
  let at = from + 2;
  const rows: Inline[][][] = [];
  while (at < lines.length && !blank(lines[at] ?? "") && !starts(lines[at] ?? "")) {
    const row = cells(lines[at] ?? "");
    rows.push(head.map((_, i) => inline(row[i] ?? "")));
    at += 1;
  }
  out.push({ t: "table", align, head, rows });
  return at;
}

/** Marks that no later place closes: asked once, so that a row of them costs one look and not one for each. */
type Dead = Set<string>;

export function inline(text: string, depth = 0): Inline[] {
  const out: Inline[] = [];
  const dead: Dead = new Set();
  let plain = "";
  const flush = () => {
    if (plain) out.push(plain);
    plain = "";
  };
  const put = (node: Inline) => {
    flush();
    out.push(node);
  };
  let at = 0;
  while (at < text.length) {
    const found = depth < MAX_DEPTH ? span(text, at, dead, depth) : undefined;
    if (found) {
      put(found.node);
      at = found.end;
    } else if (text[at] === "\\" && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "")) {
      plain += text[at + 1];
      at += 2;
    } else if (text[at] === "\n") {
      if (plain.endsWith("  ") || plain.endsWith("\\")) {
        plain = plain.replace(/( +|\\)$/, "");
        put({ t: "br" });
      } else plain += "\n";
      at += 1;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return out;
}

interface Found {
  node: Inline;
  end: number;
}

function span(text: string, at: number, dead: Dead, depth: number): Found | undefined {
  switch (text[at]) {
    case "`":
      return ticks(text, at, dead);
    case "*":
    case "_":
    case "~":
      return emphasis(text, at, dead, depth);
    case "!":
      return text[at + 1] === "[" ? link(text, at + 1, dead, depth, true) : undefined;
    case "[":
      return link(text, at, dead, depth, false);
    case "<":
    case "h":
      return bare(text, at);
    default:
      return undefined;
  }
}

function ticks(text: string, at: number, dead: Dead): Found | undefined {
  let width = 1;
  while (text[at + width] === "`") width += 1;
  const mark = "`".repeat(width);
  if (dead.has(mark)) return { node: mark, end: at + width };
  let end = text.indexOf(mark, at + width);
  while (end >= 0 && text[end + width] === "`") {
    let past = end;
    while (text[past] === "`") past += 1;
    end = text.indexOf(mark, past);
  }
  if (end < 0) {
    dead.add(mark);
    return { node: mark, end: at + width };
  }
  const body = text.slice(at + width, end);
  return { node: { t: "code", text: /^ .*\S.* $/.test(body) ? body.slice(1, -1) : body }, end: end + width };
}

function emphasis(text: string, at: number, dead: Dead, depth: number): Found | undefined {
  const char = text[at] ?? "";
  const double = text[at + 1] === char;
  if (char === "~" && !double) return undefined;
  const mark = double ? char + char : char;
  const inside = text[at + mark.length] ?? " ";
  // A mark opens before a word only; an underscore within a word is a letter of it.
  if (/\s/.test(inside) || (char === "_" && /\w/.test(text[at - 1] ?? " "))) return undefined;
  if (dead.has(mark)) return undefined;
  let end = text.indexOf(mark, at + mark.length + 1);
  while (end >= 0) {
    const single = !double && (text[end + 1] === char || text[end - 1] === char);
    const closes = !/\s/.test(text[end - 1] ?? " ") && text[end - 1] !== "\\" && !(char === "_" && /\w/.test(text[end + mark.length] ?? " "));
    if (closes && !single) break;
    end = text.indexOf(mark, end + (single ? 2 : mark.length));
  }
  if (end < 0) {
    dead.add(mark);
    return undefined;
  }
  return { node: { t: char === "~" ? "del" : double ? "strong" : "em", c: inline(text.slice(at + mark.length, end), depth + 1) }, end: end + mark.length };
}

function link(text: string, at: number, dead: Dead, depth: number, picture: boolean): Found | undefined {
  if (dead.has("](")) return undefined;
  if (text.indexOf("](", at) < 0) {
    dead.add("](");
    return undefined;
  }
  let open = 0;
  let close = -1;
  for (let i = at; i < text.length && i < at + MAX_LABEL; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "[") open += 1;
    else if (text[i] === "]") {
      open -= 1;
      if (open === 0) {
        close = i;
        break;
      }
    }
  }
  if (close < 0 || text[close + 1] !== "(") return undefined;
  const end = text.indexOf(")", close);
  if (end < 0) return undefined;
  const target = (text.slice(close + 2, end).trim().match(/^<?(\S*?)>?(?:\s+["'(].*)?$/s)?.[1] ?? "").trim();
  const label = text.slice(at + 1, close);
  if (picture) {
    const src = safePicture(target);
    if (src) return { node: { t: "image", src, alt: label }, end: end + 1 };
    const href = safeHref(target);
    return { node: href ? { t: "link", href, c: [label || href] } : label, end: end + 1 };
  }
  const href = safeHref(target);
  if (!href) return undefined;
  return { node: { t: "link", href, c: inline(label, depth + 1).map((node) => (typeof node === "object" && node.t === "link" ? node.c.join("") : node)) }, end: end + 1 };
}

/** `<https://…>` and addresses that stand by themselves. */
function bare(text: string, at: number): Found | undefined {
  const angle = text[at] === "<";
  if (!angle && /\w/.test(text[at - 1] ?? " ")) return undefined;
  const rest = text.slice(at, at + 2_000);
  const hit = angle ? rest.match(/^<((?:https?:\/\/|mailto:)[^\s<>]+)>/i) : rest.match(/^(https?:\/\/[^\s<>"'`|]+[^\s<>"'`|.,:;!?)\]}*_~])/i);
  const href = hit?.[1] === undefined ? undefined : safeHref(hit[1]);
  return href && hit ? { node: { t: "link", href, c: [hit[1] ?? href] }, end: at + hit[0].length } : undefined;
}
