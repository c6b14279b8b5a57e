/** Curves of many runs and metrics at once, thinned by the server so that no peak is lost. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { post } from "./client";
import { refined, stepsWithin } from "../lib/curves";
import type { Range } from "../lib/scale";
import type { Axis } from "../lib/series";
import type { Run, RunCurve } from "./types";

/** The server gives at most so many curves in one answer. */
export const MOST_CURVES = 1_000;
/** Points of all runs in one chart; a chart is some 500 pixels wide. */
const CHART_POINTS = 10_000;
/** Points are asked for again this often while a run goes on: logging a point makes no notice. */
const LIVE_MS = 2_000;

export const pointsEach = (runs: number): number => Math.max(200, Math.min(1_000, Math.floor(CHART_POINTS / Math.max(1, runs))));

/** How many metrics of so many runs come in one answer, and at most `most`. */
export const keysAtOnce = (runs: number, most: number): number => Math.max(1, Math.min(most, Math.floor(MOST_CURVES / Math.max(1, runs))));

export interface Curves {
  items: RunCurve[];
  settled: boolean;
  error: Error | null;
  retry: () => void;
}

/** The part of an axis that is shown; all of it when there is no range. */
export interface Part {
  axis: Axis;
  range: Range | null;
}

const WHOLE: Part = { axis: "step", range: null };
const NONE: readonly RunCurve[] = [];

const live = (run: Run) => run.status === "running";

function useSome(runs: readonly Run[], keys: readonly string[], points: number, going: boolean) {
  const ids = runs.filter((run) => live(run) === going).map((run) => run.id);
  return useQuery({
    queryKey: ["/runs/curves", ids, keys, points, going],
    queryFn: async () => (await post("/runs/curves", {}, { runs: ids, keys: [...keys], points })).items,
    enabled: ids.length > 0 && keys.length > 0,
    // What has ended stays as it is: notices about others do not fetch it again.
    meta: { nouns: going ? ["run"] : [] },
    staleTime: going ? 0 : 300_000,
    refetchInterval: going ? LIVE_MS : false,
    placeholderData: keepPreviousData,
  });
}

/** The part of curves that is drawn out, with as many points as the whole had: only of those that have more. */
function usePart(runs: readonly Run[], items: readonly RunCurve[], points: number, { axis, range }: Part): readonly RunCurve[] {
  const steps = useMemo(() => (range ? stepsWithin(runs, items, axis, range) : null), [runs, items, axis, range]);
  const thinned = items.filter((curve) => curve.thinned);
  const [ids, keys] = [[...new Set(thinned.map((curve) => curve.run))], [...new Set(thinned.map((curve) => curve.key))]];
  const going = runs.some((run) => live(run) && ids.includes(run.id));
  const [from, to] = steps ?? [];
  const part = useQuery({
    queryKey: ["/runs/curves", ids, keys, points, from, to],
    queryFn: async () => (await post("/runs/curves", {}, { runs: ids, keys, points, from, to })).items,
    enabled: steps !== null,
    meta: { nouns: going ? ["run"] : [] },
    staleTime: going ? 0 : 300_000,
    refetchInterval: going ? LIVE_MS : false,
    placeholderData: keepPreviousData,
  });
  return (steps && part.data) || NONE;
}

/** The curves of some metrics: one request for the runs that have ended, one that is repeated for those that go on, one for the
 * part of the axis that is drawn out. */
export function useCurves(runs: readonly Run[], keys: readonly string[], part: Part = WHOLE): Curves {
  const points = pointsEach(runs.length);
  const ended = useSome(runs, keys, points, false);
  const going = useSome(runs, keys, points, true);
  const both = [ended, going];
  // Of a run that has just ended both have a curve for a moment: the last one counts, which is the whole one.
  const whole = useMemo(() => [...(going.data ?? []), ...(ended.data ?? [])], [ended.data, going.data]);
  const fine = usePart(runs, whole, points, part);
  const items = useMemo(() => refined(whole, fine), [whole, fine]);
  return {
    items,
    settled: both.every((query) => !query.isPending || query.fetchStatus === "idle"),
    error: both.find((query) => query.isError && query.data === undefined)?.error ?? null,
    retry: () => both.forEach((query) => query.isError && void query.refetch()),
  };
}
