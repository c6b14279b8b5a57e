/** Lists within a list: which row stands where when some rows are open and show rows of their own. */

/** A list, and the lists that are open within it. */
export interface Branch {
  /** The row that it belongs to; empty for the list itself. */
  key: string;
  /** Its own rows. */
  count: number;
  /** Its own rows and all that are open below them. */
  size: number;
  /** By place. */
  open: { at: number; branch: Branch }[];
}

/** A row that is open. */
export interface Opened {
  /** The list that it stands in. */
  parent: string;
  /** Where it stood there last. */
  at: number;
  /** How many rows it holds. */
  count: number;
}

/** Where a row of the whole stands in its own list. */
export interface Place {
  key: string;
  at: number;
  /** 1 for the rows of the list itself. */
  level: number;
  /** The row of the whole that it stands below. */
  up: number | undefined;
}

/** The whole, from the rows that are open; `now` says where a row stands and what it holds by now, or that it is gone. */
export function outline(count: number, opened: ReadonlyMap<string, Opened>, now: (key: string, one: Opened) => Pick<Opened, "at" | "count"> | undefined): Branch {
  const below = new Map<string, [string, Opened][]>();
  for (const entry of opened) below.set(entry[1].parent, [...(below.get(entry[1].parent) ?? []), entry]);
  const branch = (key: string, rows: number): Branch => {
    const open: Branch["open"] = [];
    for (const [child, one] of below.get(key) ?? []) {
      const found = now(child, one);
      if (found && found.at < rows) open.push({ at: found.at, branch: branch(child, found.count) });
    }
    open.sort((a, b) => a.at - b.at);
    return { key, count: rows, size: open.reduce((sum, one) => sum + one.branch.size, rows), open };
  };
  return branch("", count);
}

/** Where a row of the whole stands. */
export function placeOf(whole: Branch, index: number): Place | undefined {
  if (index < 0 || index >= whole.size) return undefined;
  let branch = whole;
  let level = 1;
  let up: number | undefined;
  /** The row of the whole that is the first of the branch. */
  let first = 0;
  for (;;) {
    let before = 0;
    let within: { start: number; branch: Branch } | undefined;
    for (const one of branch.open) {
      const row = first + one.at + before;
      if (index <= row) break;
      if (index <= row + one.branch.size) {
        within = { start: row, branch: one.branch };
        break;
      }
      before += one.branch.size;
    }
    if (!within) return { key: branch.key, at: index - first - before, level, up };
    up = within.start;
    first = within.start + 1;
    branch = within.branch;
    level += 1;
  }
}

/** Of each list, the first and the last row that is among some rows of the whole. */
export function spansOf(whole: Branch, first: number, last: number): Map<string, [number, number]> {
  const spans = new Map<string, [number, number]>();
  for (let index = first; index <= last; index += 1) {
    const place = placeOf(whole, index);
    if (!place) break;
    const span = spans.get(place.key);
    spans.set(place.key, span ? [Math.min(span[0], place.at), Math.max(span[1], place.at)] : [place.at, place.at]);
  }
  return spans;
}

/** Closes a row with all that is open below it. */
export function closed(opened: ReadonlyMap<string, Opened>, key: string): Map<string, Opened> {
  const next = new Map(opened);
  const gone = [key];
  for (let one = gone.pop(); one !== undefined; one = gone.pop()) {
    next.delete(one);
    for (const [child, { parent }] of next) if (parent === one) gone.push(child);
  }
  return next;
}
