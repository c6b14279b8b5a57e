/** One hook per thing that pages load; `nouns` are the notices that make it stale. */
import { keepPreviousData, queryOptions, useInfiniteQuery, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { get, post, type Params, type Path, type Reply } from "./client";
import type { Run, RunSearch } from "./types";

interface Extra {
  /** Rates and figures that make no notice are read again after this long. */
  every?: number;
  enabled?: boolean;
  keep?: boolean;
}

function useGet<P extends Path<"get">>(path: P, params: Params<"get", P>, nouns: readonly string[], extra: Extra = {}): UseQueryResult<Reply<"get", P>> {
  return useQuery<Reply<"get", P>>({
    queryKey: [path, params],
    queryFn: ({ signal }) => get(path, params, signal),
    meta: { nouns },
    refetchInterval: extra.every ?? false,
    enabled: extra.enabled ?? true,
    placeholderData: extra.keep ? keepPreviousData : undefined,
  });
}

export const useServer = () => useGet("/server", {}, []);
export const useOverview = () => useGet("/overview", {}, ["*"], { every: 5_000 });

export const useExperiments = () => useGet("/experiments", {}, ["experiment"]);
/** Names of experiments by their number, which is what runs carry. */
export function useExperimentNames(): (number: string) => string {
  const query = useExperiments();
  return (number) => query.data?.items.find((e) => e.id === number)?.name ?? number;
}

/* Runs */
export const runOptions = (id: string) => queryOptions({ queryKey: ["/runs/{id}", { id }], queryFn: ({ signal }) => get("/runs/{id}", { id }, signal), meta: { nouns: ["run", "logged_model"] } });
export const useRun = (id: string) => useQuery(runOptions(id));
export const curveOptions = (id: string, key: string) => queryOptions({ queryKey: ["/runs/{id}/metrics", { id, key }], queryFn: ({ signal }) => get("/runs/{id}/metrics", { id, key }, signal), meta: { nouns: ["run"] } });
export const useArtifacts = (id: string, path: string) => useGet("/runs/{id}/artifacts", { id, path }, ["run", "logged_model"]);

export function useRunSearch(search: RunSearch) {
  return useQuery({
    queryKey: ["/runs/search", search],
    queryFn: () => post("/runs/search", {}, search),
    meta: { nouns: ["run"] },
    placeholderData: keepPreviousData,
  });
}

/** Runs page by page, as the reader scrolls. */
export function useRunPages(search: RunSearch) {
  return useInfiniteQuery({
    queryKey: ["/runs/search", "pages", search],
    queryFn: ({ pageParam }) => post("/runs/search", {}, { ...search, page_token: pageParam || undefined }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_page_token ?? undefined,
    meta: { nouns: ["run"] },
    placeholderData: keepPreviousData,
  });
}

export function useComparison(ids: readonly string[]) {
  return useQuery({
    queryKey: ["/runs/compare", ids],
    queryFn: async (): Promise<Run[]> => (await post("/runs/compare", {}, { runs: [...ids] })).runs,
    meta: { nouns: ["run"] },
    enabled: ids.length > 0,
  });
}

/* Data */
const version = ["dataset", "data_version"];
export const useDatasets = () => useGet("/datasets", {}, version);
export const useDataset = (name: string) => useGet("/datasets/{name}", { name }, version);
export const useDatasetVersions = (name: string) => useGet("/datasets/{name}/versions", { name }, version);
export const useProfile = (name: string, at: string) => useGet("/datasets/{name}/versions/{version}/profile", { name, version: at }, []);
export const useRows = (name: string, at: string, offset: number, limit: number) => useGet("/datasets/{name}/versions/{version}/rows", { name, version: at, offset, limit }, [], { keep: true });
export const useDataFiles = (name: string, at: string) => useGet("/datasets/{name}/versions/{version}/files", { name, version: at }, []);
export const useDataDiff = (name: string, from: string, to: string, enabled = true) => useGet("/datasets/{name}/diff", { name, from, to }, [], { enabled });
/** The newest runs that read a data version. */
export const useUses = (name: string, at: string) => useRunSearch({ filter: `tags.\`volano.data.${name}\` = '${name}@${at}'`, order_by: ["start_time DESC"], max_results: 20 });
export const useContract = (name: string) => useGet("/datasets/{name}/contract", { name }, ["contract", "dataset"]);

/* Pipelines */
const pipeline = ["project", "pipeline", "pipeline_run", "step_run"];
export const usePipelines = () => useGet("/pipelines", {}, pipeline);
export const usePipeline = (name: string) => useGet("/pipelines/{name}", { name }, pipeline);
export const usePipelineRuns = (name: string, enabled = true) => useGet("/pipelines/{name}/runs", { name }, ["pipeline_run"], { enabled });
export const usePipelineRun = (id: string | undefined) => useGet("/pipeline-runs/{id}", { id: id ?? "" }, pipeline, { enabled: !!id });
export const useTriggers = () => useGet("/triggers", {}, ["trigger", "decision", "event"]);
export const useDecisions = (query: Params<"get", "/decisions">) => useGet("/decisions", query, ["decision"]);
export const usePlan = (name: string) =>
  useQuery({ queryKey: ["/plan", name], queryFn: () => post("/pipelines/{name}/plan", { name }, { params: {} }), meta: { nouns: ["data_version", "project"] }, staleTime: 30_000 });

/* Models */
const model = ["model", "model_version", "evaluation"];
export const useModels = () => useGet("/models", {}, model);
export const useModel = (name: string) => useGet("/models/{name}", { name }, model);
export const useEvaluation = (id: string | null | undefined) => useGet("/evaluations/{id}", { id: id ?? "" }, ["evaluation"], { enabled: !!id });

/* Serving */
const serving = ["deployment", "rollout"];
export const useDeployments = () => useGet("/deployments", {}, serving, { every: 5_000 });
export const useDeployment = (name: string) => useGet("/deployments/{name}", { name }, serving, { every: 3_000 });
export const usePredictions = (name: string) => useGet("/deployments/{name}/predictions", { name, limit: 50 }, [], { every: 5_000 });

/* Monitoring */
const monitor = ["monitor", "drift_report", "performance", "alert", "label"];
export const useMonitors = () => useGet("/monitors", {}, monitor);
export const useMonitor = (name: string) => useGet("/deployments/{name}/monitor", { name }, monitor);
export const useAlerts = () => useGet("/alerts", { open: true }, ["alert"]);
export const useDrift = (name: string) => useGet("/deployments/{name}/drift", { name, limit: 12 }, ["drift_report"]);
export const usePerformance = (name: string) => useGet("/deployments/{name}/performance", { name, limit: 100 }, ["performance", "label"]);

/* Governance */
export const useTrace = (id: string) => useGet("/trace/{prediction_id}", { prediction_id: id }, []);

/** How much of the log is looked through for what people care about: a pipeline run writes many lines of bookkeeping. */
const LOOKED_THROUGH = 300;
const told = ["data_version", "pipeline_run", "decision", "model", "model_version", "deployment", "rollout", "alert", "label"];
export const useLately = () => useGet("/audit", { limit: LOOKED_THROUGH }, told, { every: 20_000 });

/** One event by its number, for an address that names an older one than those that are loaded. */
export const useAuditEvent = (seq: number) => useGet("/audit", { before: seq + 1, limit: 1 }, [], { enabled: seq > 0 });

export function useAudit(filter: { noun?: string; actor?: string; id?: string }) {
  return useInfiniteQuery({
    queryKey: ["/audit", filter],
    queryFn: ({ pageParam, signal }) => get("/audit", { ...filter, before: pageParam || undefined, limit: 200 }, signal),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next_before ?? undefined,
    meta: { nouns: ["*"] },
    placeholderData: keepPreviousData,
  });
}
