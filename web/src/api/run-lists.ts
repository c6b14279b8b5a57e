/** Lists of runs: windows of a long list, counts, keys, saved views. */
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { get, post, put, remove } from "./client";
import type { Run, RunGroups, RunSearch, SavedView, ViewSent } from "./types";

/** Runs of one window: more than a screen shows, few enough to come at once. */
export const WINDOW = 200;
/** Groups are counted over all runs that match: while runs log, not more often than this, nor for more than a fifth of the time. */
const GROUPS_MS = 3_000;
/** Windows that are kept at hand; what was scrolled past long ago is asked for again. */
const KEPT = 40;

export interface RunWindow {
  rowAt: (index: number) => Run | undefined;
  /** Where a run stands now that stood at `at`; undefined when it is no longer there. */
  find: (id: string, at: number) => number | undefined;
  /** Rows that are known to be there. */
  known: number;
  /** Something can be shown: of this search, or of the one before. */
  ready: boolean;
  /** What is shown is of the search before. */
  stale: boolean;
  error: Error | null;
  retry: () => void;
}

type Windows = Map<number, Run[]>;

const rowOf = (windows: Windows, index: number): Run | undefined => windows.get(Math.floor(index / WINDOW))?.[index % WINDOW];

function findIn(windows: Windows, id: string, at: number): number | undefined {
  const there = rowOf(windows, at);
  if (there?.id === id) return at;
  for (const [number, items] of windows) {
    const index = items.findIndex((run) => run.id === id);
    if (index >= 0) return number * WINDOW + index;
  }
  // As long as its window is not here, nothing says that it has moved.
  return windows.has(Math.floor(at / WINDOW)) ? undefined : at;
}

const windowQuery = (key: string, search: RunSearch | undefined, number: number) => ({
  queryKey: ["/runs/search", "window", key, number],
  queryFn: () => post("/runs/search", {}, { ...search, offset: number * WINDOW, max_results: WINDOW }),
  meta: { nouns: ["run"] },
  gcTime: 60_000,
});

/** The numbers of the windows that hold the rows from `first` to `last`. */
function numbersOf(first: number, last: number): number[] {
  const from = Math.max(0, Math.floor(first / WINDOW));
  return Array.from({ length: Math.max(from, Math.floor(last / WINDOW)) - from + 1 }, (_, i) => from + i);
}

function keep(windows: Windows, from: number): void {
  for (const number of windows.keys()) if (Math.abs(number - from) > KEPT) windows.delete(number);
}

/** The windows of a search that hold the rows from `first` to `last`. */
export function useRunWindow(search: RunSearch | undefined, first: number, last: number): RunWindow {
  const key = JSON.stringify(search ?? null);
  const memory = useRef<{ key: string; windows: Windows }>({ key: "", windows: new Map() });
  const numbers = search ? numbersOf(first, last) : [];
  const results = useQueries({ queries: numbers.map((number) => windowQuery(key, search, number)) });
  const fresh = results.some((result) => result.data !== undefined);
  if (fresh) {
    const { current } = memory;
    if (current.key !== key) memory.current = { key, windows: new Map() };
    results.forEach((result, i) => {
      const number = numbers[i];
      if (number !== undefined && result.data) memory.current.windows.set(number, result.data.items);
    });
    keep(memory.current.windows, numbers[0] ?? 0);
  }
  const { windows } = memory.current;
  const known = Math.max(0, ...[...windows].map(([number, items]) => number * WINDOW + items.length));
  return {
    rowAt: (index) => rowOf(windows, index),
    find: (id, at) => findIn(windows, id, at),
    known,
    ready: windows.size > 0,
    stale: memory.current.key !== key,
    error: results.find((result) => result.isError)?.error ?? null,
    retry: () => results.forEach((result) => void result.refetch()),
  };
}

/** A list of runs below a row. */
export interface BranchAsked {
  key: string;
  search: RunSearch;
  /** Its rows that are in view; none when absent. */
  span: [number, number] | undefined;
}

export interface Branches {
  rowAt: (key: string, index: number) => Run | undefined;
  find: (key: string, id: string, at: number) => number | undefined;
  error: Error | null;
  retry: () => void;
}

/** Several lists at once, each by its windows. */
export function useBranches(asked: readonly BranchAsked[]): Branches {
  const memory = useRef(new Map<string, { search: string; windows: Windows }>());
  const wanted = asked.flatMap(({ key, search, span }) => (span ? numbersOf(...span).map((number) => ({ key, search, text: JSON.stringify(search), number })) : []));
  const results = useQueries({ queries: wanted.map(({ search, text, number }) => windowQuery(text, search, number)) });
  const keys = new Set(asked.map(({ key }) => key));
  for (const key of memory.current.keys()) if (!keys.has(key)) memory.current.delete(key);
  results.forEach((result, i) => {
    const one = wanted[i];
    if (!one || !result.data) return;
    const known = memory.current.get(one.key);
    const windows: Windows = known?.search === one.text ? known.windows : new Map();
    windows.set(one.number, result.data.items);
    keep(windows, one.number);
    memory.current.set(one.key, { search: one.text, windows });
  });
  const windows = (key: string): Windows => memory.current.get(key)?.windows ?? new Map<number, Run[]>();
  return {
    rowAt: (key, index) => rowOf(windows(key), index),
    find: (key, id, at) => findIn(windows(key), id, at),
    error: results.find((result) => result.isError)?.error ?? null,
    retry: () => results.forEach((result) => void (result.isError && result.refetch())),
  };
}

/** The runs that match, gathered; read again when `changed`, the moment of the newest count, is later. */
export function useRunGroups(search: { experiment?: string; filter?: string; by: string; metrics: string[] } | undefined, changed: number) {
  const took = useRef(0);
  const query = useQuery({
    queryKey: ["/runs/groups", search?.by, search],
    queryFn: async () => {
      const began = performance.now();
      const groups = await post("/runs/groups", {}, search);
      took.current = performance.now() - began;
      return groups;
    },
    placeholderData: (before: RunGroups | undefined, of) => (of?.queryKey[1] === search?.by ? before : undefined),
    enabled: search !== undefined,
  });
  const { dataUpdatedAt: at, refetch } = query;
  useEffect(() => {
    if (!search || at === 0 || changed <= at) return;
    const timer = setTimeout(() => void refetch(), Math.max(0, at + Math.max(GROUPS_MS, 4 * took.current) - Date.now()));
    return () => clearTimeout(timer);
  }, [search !== undefined, changed, at, refetch]);
  return query;
}

export function useRunCount(experiment: string | undefined, filter: string | undefined, enabled = true) {
  return useQuery({
    queryKey: ["/runs/count", experiment, filter],
    queryFn: () => post("/runs/count", {}, { experiment, filter }),
    meta: { nouns: ["run"] },
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** The newest runs with all they logged, from which the page chooses columns when nobody has. */
export function useSample(experiment: string | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ["/runs/search", "sample", experiment],
    queryFn: () => post("/runs/search", {}, { experiment, max_results: WINDOW }),
    staleTime: 300_000,
    // Columns do not jump about while runs log; an empty list fills as soon as there is something.
    refetchInterval: (query) => (query.state.data?.items.length === 0 ? 3_000 : false),
    enabled,
  });
}

export function useRunKeys(experiment: string | undefined, enabled = true) {
  return useQuery({ queryKey: ["/runs/keys", experiment], queryFn: ({ signal }) => get("/runs/keys", { experiment }, signal), staleTime: 30_000, enabled });
}

/* Saved views */
export const useViews = () => useQuery({ queryKey: ["/views"], queryFn: ({ signal }) => get("/views", {}, signal), meta: { nouns: ["saved_view"] } });
export const saveView = (view: ViewSent): Promise<SavedView> => post("/views", {}, view);
export const changeView = (id: string, view: ViewSent): Promise<SavedView> => put("/views/{id}", { id }, view);
export const removeView = (id: string) => remove("/views/{id}", { id });
