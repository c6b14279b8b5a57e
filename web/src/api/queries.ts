/** One hook per thing that pages load; `nouns` are the notices that make it stale. */
import { keepPreviousData, useInfiniteQuery, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { get, send, type Query } from "./client";
import type { Experiment, Items, Named, OverviewData, Run, Runs, RunSearch, ServerInfo } from "./types";

interface Extra {
  /** Rates and figures that make no notice are read again after this long. */
  every?: number;
  enabled?: boolean;
  keep?: boolean;
}

function useGet<T>(path: string, nouns: readonly string[], query: Query = {}, extra: Extra = {}): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: [path, query],
    queryFn: ({ signal }) => get<T>(path, query, signal),
    meta: { nouns },
    refetchInterval: extra.every ?? false,
    enabled: extra.enabled ?? true,
    placeholderData: extra.keep ? keepPreviousData : undefined,
  });
}

const part = encodeURIComponent;

export const useServer = () => useGet<ServerInfo>("/server", []);
export const useOverview = () => useGet<OverviewData>("/overview", ["*"], {}, { every: 5_000 });

export const useExperiments = () => useGet<Items<Experiment>>("/experiments", ["experiment"]);
export const useRun = (id: string) => useGet<Run>(`/runs/${part(id)}`, ["run", "logged_model"]);

export function useRunSearch(search: RunSearch) {
  return useQuery<Runs>({
    queryKey: ["/runs/search", search],
    queryFn: () => send<Runs>("POST", "/runs/search", search),
    meta: { nouns: ["run"] },
    placeholderData: keepPreviousData,
  });
}

/** Runs page by page, as the reader scrolls. */
export function useRunPages(search: RunSearch) {
  return useInfiniteQuery({
    queryKey: ["/runs/search", "pages", search],
    queryFn: ({ pageParam }) => send<Runs>("POST", "/runs/search", { ...search, page_token: pageParam || undefined }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_page_token ?? undefined,
    meta: { nouns: ["run"] },
    placeholderData: keepPreviousData,
  });
}

export const useDatasets = () => useGet<Items<Named>>("/datasets", ["dataset", "data_version"]);
export const useModels = () => useGet<Items<Named>>("/models", ["model", "model_version"]);
export const useDeployments = () => useGet<Items<Named>>("/deployments", ["deployment", "rollout"], {}, { every: 5_000 });
export const usePipelines = () => useGet<Items<Named>>("/pipelines", ["project", "pipeline", "pipeline_run"]);
