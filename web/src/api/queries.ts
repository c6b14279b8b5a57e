/** One hook per thing that pages load; `nouns` are the notices that make it stale. */
import { keepPreviousData, queryOptions, useInfiniteQuery, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useCallback } from "react";
import { get, load, post, type Params, type Path, type Reply } from "./client";
import type { Run, RunSearch, TraceSearch } from "./types";

interface Extra {
  /** Rates and figures that make no notice are read again after this long. */
  every?: number;
  enabled?: boolean;
  keep?: boolean;
}

function useGet<P extends Path<"get">>(path: P, params: Params<"get", P>, nouns: readonly string[], extra: Extra = {}): UseQueryResult<Reply<"get", P>> {
  // The types of all paths at once are more than the compiler holds: the one that is meant is put on at the end.
  const query = useQuery<unknown>({
    queryKey: [path, params],
    queryFn: ({ signal }) => load(path, params as object, signal),
    meta: { nouns },
    refetchInterval: extra.every ?? false,
    enabled: extra.enabled ?? true,
    placeholderData: extra.keep ? keepPreviousData : undefined,
  });
  return query as UseQueryResult<Reply<"get", P>>;
}

export const useServer = () => useGet("/server", {}, []);
export const useOverview = () => useGet("/overview", {}, ["*"], { every: 5_000 });

export const useExperiments = () => useGet("/experiments", {}, ["experiment"]);
/** Experiments with what goes on in them. */
export const useExperimentActivity = () => useGet("/experiments", { activity: true }, ["experiment", "run"], { keep: true });
/** Names of experiments by their number, which is what runs carry. */
export function useExperimentNames(): (number: string) => string {
  const { data } = useExperiments();
  return useCallback((number) => data?.items.find((e) => e.id === number)?.name ?? number, [data]);
}

/* Runs */
export const runOptions = (id: string) => queryOptions({ queryKey: ["/runs/{id}", { id }], queryFn: ({ signal }) => get("/runs/{id}", { id }, signal), meta: { nouns: ["run", "logged_model"] } });
export const useRun = (id: string) => useQuery(runOptions(id));
export const useRunLinks = (id: string, enabled = true) => useGet("/runs/{id}/links", { id }, ["run", "logged_model", "model_version", "model"], { enabled });
export const useExperiment = (experiment: string) => useGet("/experiments/{experiment}", { experiment }, ["experiment"]);
/** Files of a run, or of a logged model when the id is one. */
export const artifactsOptions = (id: string, path: string) =>
  queryOptions({
    queryKey: ["artifacts", id, path],
    queryFn: ({ signal }) => (id.startsWith("m-") ? get("/logged-models/{id}/artifacts", { id, path }, signal) : get("/runs/{id}/artifacts", { id, path }, signal)),
    meta: { nouns: ["run", "logged_model"] },
  });
export const useArtifacts = (id: string, path: string) => useQuery(artifactsOptions(id, path));
export const useArtifactRows = (id: string, path: string, offset: number, limit: number) => useGet("/runs/{id}/artifact/rows", { id, path, offset, limit }, [], { keep: true });

export function useRunSearch(search: RunSearch) {
  return useQuery({
    queryKey: ["/runs/search", search],
    queryFn: () => post("/runs/search", {}, search),
    meta: { nouns: ["run"] },
    placeholderData: keepPreviousData,
  });
}

/** Traces of applications, page by page. */
export function useTracePages(search: TraceSearch) {
  return useInfiniteQuery({
    queryKey: ["/traces/search", "pages", search],
    queryFn: ({ pageParam }) => post("/traces/search", {}, { ...search, page_token: pageParam || undefined }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_page_token ?? undefined,
    meta: { nouns: ["trace"] },
    placeholderData: keepPreviousData,
  });
}
export const useRequestTrace = (id: string) => useGet("/traces/{id}", { id }, ["trace"]);

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
export const useDataRefs = (name: string) => useGet("/datasets/{name}/refs", { name }, version);
export const useProfile = (name: string, at: string) => useGet("/datasets/{name}/versions/{version}/profile", { name, version: at }, []);
export const useRows = (name: string, at: string, offset: number, limit: number) => useGet("/datasets/{name}/versions/{version}/rows", { name, version: at, offset, limit }, [], { keep: true });
export const useDataFiles = (name: string, at: string) => useGet("/datasets/{name}/versions/{version}/files", { name, version: at }, []);
export const useDataDiff = (name: string, from: string, to: string, enabled = true) => useGet("/datasets/{name}/diff", { name, from, to }, [], { enabled });
/** The newest runs that read a data version. */
export const useUses = (name: string, at: string) => useRunSearch({ filter: `tags.\`volano.data.${name}\` = '${name}@${at}'`, order_by: ["start_time DESC"], max_results: 20 });
export const useContract = (name: string) => useGet("/datasets/{name}/contract", { name }, ["contract", "dataset"]);
export const useContractHistory = (name: string) => useGet("/datasets/{name}/contract/history", { name }, version);

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
export const useAliasHistory = (name: string) => useGet("/models/{name}/history", { name }, model);
export const contentsOptions = (name: string, version: number) =>
  queryOptions({ queryKey: ["/models/{name}/versions/{version}/contents", { name, version }], queryFn: ({ signal }) => get("/models/{name}/versions/{version}/contents", { name, version }, signal), staleTime: Number.POSITIVE_INFINITY });
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
const deleted = ["experiment", "run", "logged_model", "model", "model_version", "purge"];
export const useTrash = () => useGet("/trash", { limit: 200 }, deleted);
export const usePurges = () => useGet("/trash/purges", {}, deleted);
export const useRetention = () => useGet("/trash/retention", {}, ["retention"]);
export const useTrace = (id: string) => useGet("/trace/{prediction_id}", { prediction_id: id }, []);

export const useWebhooks = () => useGet("/webhooks", {}, ["webhook"]);
export const useDeliveries = (id: string) => useGet("/webhooks/{id}/deliveries", { id, limit: 50 }, ["webhook"], { every: 5_000, enabled: !!id });

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
