/** Lists of runs: windows of a long list, counts, keys, saved views. */
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { get, post, put, remove } from "./client";
import type { Run, RunSearch, SavedView, ViewSent } from "./types";

/** Runs of one window: more than a screen shows, few enough to come at once. */
export const WINDOW = 200;
/** Windows that are kept at hand; what was scrolled past long ago is asked for again. */
const KEPT = 40;

export interface RunWindow {
  rowAt: (index: number) => Run | undefined;
  /** Rows that are known to be there. */
  known: number;
  /** Something can be shown: of this search, or of the one before. */
  ready: boolean;
  /** What is shown is of the search before. */
  stale: boolean;
  error: Error | null;
  retry: () => void;
}

/** The windows of a search that hold the rows from `first` to `last`. */
export function useRunWindow(search: RunSearch | undefined, first: number, last: number): RunWindow {
  const key = JSON.stringify(search ?? null);
  const memory = useRef<{ key: string; windows: Map<number, Run[]> }>({ key: "", windows: new Map() });
  const from = Math.max(0, Math.floor(first / WINDOW));
  const to = Math.max(from, Math.floor(last / WINDOW));
  const numbers = search ? Array.from({ length: to - from + 1 }, (_, i) => from + i) : [];
  const results = useQueries({
    queries: numbers.map((number) => ({
      queryKey: ["/runs/search", "window", key, number],
      queryFn: () => post("/runs/search", {}, { ...search, offset: number * WINDOW, max_results: WINDOW }),
      meta: { nouns: ["run"] },
      gcTime: 60_000,
    })),
  });
  const fresh = results.some((result) => result.data !== undefined);
  if (fresh) {
    const { current } = memory;
    if (current.key !== key) memory.current = { key, windows: new Map() };
    results.forEach((result, i) => {
      const number = numbers[i];
      if (number !== undefined && result.data) memory.current.windows.set(number, result.data.items);
    });
    for (const number of memory.current.windows.keys()) if (Math.abs(number - from) > KEPT) memory.current.windows.delete(number);
  }
  const { windows } = memory.current;
  const known = Math.max(0, ...[...windows].map(([number, items]) => number * WINDOW + items.length));
  return {
    rowAt: (index) => windows.get(Math.floor(index / WINDOW))?.[index % WINDOW],
    known,
    ready: windows.size > 0,
    stale: memory.current.key !== key,
    error: results.find((result) => result.isError)?.error ?? null,
    retry: () => results.forEach((result) => void result.refetch()),
  };
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
