/** The rows of the list of runs: runs, groups with their runs, or runs with those that they started. */
import { useMemo, useRef, useState } from "react";
import { useBranches, useRunCount, useRunGroups, useRunWindow } from "../api/run-lists";
import type { RunSearch } from "../api/types";
import { below, groupKey, groupValue, isGroup, ordered, rowKey, within, type Row } from "../lib/run-groups";
import { closed, outline, placeOf, spansOf, type Opened } from "../lib/run-tree";
import type { Sort } from "../lib/runs-view";
import type { Tree } from "../ui/window-grid";

interface Asked {
  /** Undefined until it is known which columns are shown. */
  search: RunSearch | undefined;
  experiment: string | undefined;
  filter: string | undefined;
  /** The filter of the list itself: only of runs at the top when others stand below them. */
  listed: string | undefined;
  group: string;
  nested: boolean;
  metrics: string[];
  sort: Sort;
}

const NONE: ReadonlyMap<string, Opened> = new Map();

export function useRunRows({ search, experiment, filter, listed, group, nested, metrics, sort }: Asked, [first, last]: readonly [number, number]) {
  const mode = `${group} ${nested}`;
  const [state, setState] = useState({ mode, opened: NONE });
  const opened = state.mode === mode ? state.opened : NONE;
  /** Where open rows stood last: more runs may have come before them. */
  const places = useRef(new Map<string, Pick<Opened, "at" | "count">>());
  const spans = spansOf(outline(Number.POSITIVE_INFINITY, opened, (key, one) => places.current.get(key) ?? one), first, last);

  const [from, to] = spans.get("") ?? [0, 0];
  const list = useRunWindow(group || !search ? undefined : { ...search, filter: listed, children: nested || undefined }, from, to);
  const all = useRunCount(experiment, filter);
  const counted = useRunCount(experiment, listed);
  const gathered = useRunGroups(group && search ? { experiment, filter, by: group, metrics } : undefined, all.dataUpdatedAt);
  const groups = useMemo(() => (group && gathered.data ? ordered(gathered.data.items, group, sort) : []), [group, gathered.data, sort.key, sort.desc]);
  const groupAt = useMemo(() => new Map(groups.map((one, at) => [groupKey(one), at])), [groups]);
  const searchBelow = (key: string): RunSearch => (group ? { ...search, ...within(group, groupValue(key), { experiment, filter }) } : { ...search, filter: below(key), children: true });
  const branches = useBranches(search ? [...opened.keys()].map((key) => ({ key, search: searchBelow(key), span: spans.get(key) })) : []);

  const exact = counted.data !== undefined && !counted.isPlaceholderData && !list.stale;
  const top = group ? groups.length : exact ? counted.data.total : list.known;
  const now = (key: string, one: Opened) => {
    const at = group ? groupAt.get(key) : one.parent ? branches.find(one.parent, key, one.at) : list.find(key, places.current.get(key)?.at ?? one.at);
    if (at === undefined) return undefined;
    const row = group ? groups[at] : one.parent ? branches.rowAt(one.parent, at) : list.rowAt(at);
    const found = { at, count: row ? held(row) : one.count };
    places.current.set(key, found);
    return found;
  };
  const whole = outline(top, opened, now);

  const rowAt = (index: number): Row | undefined => {
    const place = placeOf(whole, index);
    if (!place) return undefined;
    if (place.key) return branches.rowAt(place.key, place.at);
    return group ? groups[place.at] : list.rowAt(place.at);
  };
  const tree: Tree<Row> = {
    placeAt: (index) => {
      const place = placeOf(whole, index);
      const row = rowAt(index);
      return place && { level: place.level, up: place.up, open: row && held(row) > 0 ? opened.has(rowKey(row)) : undefined };
    },
    toggle: (index) => {
      const [place, row] = [placeOf(whole, index), rowAt(index)];
      if (!place || !row || held(row) === 0) return;
      const key = rowKey(row);
      places.current.delete(key);
      const next = opened.has(key) ? closed(opened, key) : new Map(opened).set(key, { parent: place.key, at: place.at, count: held(row) });
      setState({ mode, opened: next });
    },
    only: isGroup,
  };
  return {
    /** Rows that stand in the list, open ones included. */
    size: whole.size,
    /** Groups, or runs that are nested in none, or runs. */
    top,
    rowAt,
    tree: group || nested ? tree : undefined,
    /** All runs that match. */
    all: all.isPlaceholderData ? undefined : all.data,
    more: gathered.data?.more ?? false,
    exact: group ? gathered.data !== undefined : exact,
    ready: group ? gathered.data !== undefined : list.ready,
    stale: group ? gathered.isPlaceholderData : list.stale,
    error: (group ? gathered.error : list.error) ?? branches.error,
    retry: () => {
      if (gathered.isError) void gathered.refetch();
      if (all.isError) void all.refetch();
      if (counted.isError) void counted.refetch();
      if (list.error) list.retry();
      branches.retry();
    },
  };
}

/** Runs that a row holds. */
const held = (row: Row): number => (isGroup(row) ? row.runs : (row.children ?? 0));
