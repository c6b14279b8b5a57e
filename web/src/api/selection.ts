/** The runs that are compared or drawn: those of the address, or the first of a search. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { allOf, filterOf, orderBy, parseSort, statusFilter } from "../lib/runs-view";
import { post } from "./client";
import { useComparison } from "./queries";
import { useRunCount } from "./run-lists";
import type { Run } from "./types";

/** As many as the server compares. */
export const MOST_COMPARED = 50;
/** Of a search that is drawn. */
export const MOST_DRAWN = 500;

/** What the address says: ids, or the search of a list of runs. */
export interface Selection {
  ids: readonly string[];
  experiment: string;
  filter: string;
  status: string;
  sort: string;
}

export const isSearch = (selection: Selection): boolean => selection.ids.length === 0 && [selection.experiment, selection.filter, selection.status, selection.sort].some(Boolean);

/** With `columns` of a search only these, as soon as it is known which (`ready`); `most` runs of it at the most. */
export function useSelectedRuns(selection: Selection, most: number, columns: readonly string[] | undefined, ready: boolean) {
  const search = isSearch(selection);
  const named = useComparison(search ? [] : selection.ids);
  const filter = allOf(filterOf(selection.filter), statusFilter(selection.status));
  const experiment = selection.experiment || undefined;
  const body = { experiment, filter, order_by: [orderBy(parseSort(selection.sort))], max_results: most, columns: columns && [...columns] };
  const found = useQuery({
    queryKey: ["/runs/search", "selection", body],
    queryFn: async (): Promise<Run[]> => (await post("/runs/search", {}, body)).items,
    meta: { nouns: ["run"] },
    placeholderData: keepPreviousData,
    enabled: search && ready,
  });
  const counted = useRunCount(experiment, filter, search);
  return { query: search ? found : named, search, total: counted.data?.total };
}
