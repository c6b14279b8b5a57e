/** One hook per thing that pages load; `nouns` are the notices that make it stale. */
import { keepPreviousData, useInfiniteQuery, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { get, send, type Query } from "./client";
import type {
  Alert,
  ArtifactEntry,
  AuditPage,
  Contract,
  DataDiff,
  Dataset,
  DataVersion,
  Decision,
  Deployment,
  DriftReport,
  Evaluation,
  Experiment,
  Items,
  MetricPoint,
  Model,
  Monitor,
  MonitorStatus,
  OverviewData,
  PerformancePoint,
  Pipeline,
  PipelineRun,
  PipelineRunDetail,
  Plan,
  Prediction,
  Profile,
  RowsPage,
  Run,
  Runs,
  RunSearch,
  ServerInfo,
  Trace,
  Trigger,
} from "./types";

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
/** Names of experiments by their number, which is what runs carry. */
export function useExperimentNames(): (number: string) => string {
  const query = useExperiments();
  return (number) => query.data?.items.find((e) => e.id === number)?.name ?? number;
}

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

/* Data */
const version = ["dataset", "data_version"];
export const useDatasets = () => useGet<Items<Dataset>>("/datasets", version);
export const useDataset = (name: string) => useGet<Dataset>(`/datasets/${part(name)}`, version);
export const useDatasetVersions = (name: string) => useGet<Items<DataVersion>>(`/datasets/${part(name)}/versions`, version);
export const useProfile = (name: string, at: string) => useGet<Profile>(`/datasets/${part(name)}/versions/${part(at)}/profile`, []);
export const useRows = (name: string, at: string, offset: number, limit: number) => useGet<RowsPage>(`/datasets/${part(name)}/versions/${part(at)}/rows`, [], { offset, limit }, { keep: true });
export const useDataFiles = (name: string, at: string) => useGet<Items<{ path: string; size: number; file_id: string }>>(`/datasets/${part(name)}/versions/${part(at)}/files`, []);
export const useDataDiff = (name: string, from: string, to: string, enabled = true) => useGet<DataDiff>(`/datasets/${part(name)}/diff`, [], { from, to }, { enabled });
/** The newest runs that read a data version. */
export const useUses = (name: string, at: string) => useRunSearch({ filter: `tags.\`volano.data.${name}\` = '${name}@${at}'`, order_by: ["start_time DESC"], max_results: 20 });
export const useContract = (name: string) => useGet<Contract>(`/datasets/${part(name)}/contract`, ["contract", "dataset"]);

/* Pipelines */
const pipeline = ["project", "pipeline", "pipeline_run", "step_run"];
export const usePipelines = () => useGet<Items<Pipeline>>("/pipelines", pipeline);
export const usePipeline = (name: string) => useGet<Pipeline>(`/pipelines/${part(name)}`, pipeline);
export const usePipelineRuns = (name: string) => useGet<Items<PipelineRun>>(`/pipelines/${part(name)}/runs`, ["pipeline_run"]);
export const usePipelineRun = (id: string) => useGet<PipelineRunDetail>(`/pipeline-runs/${part(id)}`, pipeline);
export const useTriggers = () => useGet<Items<Trigger>>("/triggers", ["trigger", "decision", "event"]);
export const useDecisions = (query: { kind?: string; subject?: string; project?: string; limit?: number }) => useGet<Items<Decision>>("/decisions", ["decision"], query);
export const usePlan = (name: string) =>
  useQuery({ queryKey: ["/plan", name], queryFn: () => send<Plan>("POST", `/pipelines/${part(name)}/plan`, { params: {} }), meta: { nouns: ["data_version", "project"] }, staleTime: 30_000 });

/* Models */
const model = ["model", "model_version", "evaluation"];
export const useModels = () => useGet<Items<Model>>("/models", model);
export const useModel = (name: string) => useGet<Model>(`/models/${part(name)}`, model);
export const useEvaluation = (id: string | null | undefined) => useGet<Evaluation>(`/evaluations/${part(id ?? "")}`, ["evaluation"], {}, { enabled: !!id });

/* Serving */
const serving = ["deployment", "rollout"];
export const useDeployments = () => useGet<Items<Deployment>>("/deployments", serving, {}, { every: 5_000 });
export const useDeployment = (name: string) => useGet<Deployment>(`/deployments/${part(name)}`, serving, {}, { every: 3_000 });
export const usePredictions = (name: string) => useGet<Items<Prediction>>(`/deployments/${part(name)}/predictions`, [], { limit: 50 }, { every: 5_000 });

/* Monitoring */
const monitor = ["monitor", "drift_report", "performance", "alert", "label"];
export const useMonitors = () => useGet<Items<Monitor>>("/monitors", monitor);
export const useMonitor = (name: string) => useGet<MonitorStatus>(`/deployments/${part(name)}/monitor`, monitor);
export const useAlerts = () => useGet<Items<Alert>>("/alerts", ["alert"], { open: true });
export const useDrift = (name: string) => useGet<Items<DriftReport>>(`/deployments/${part(name)}/drift`, ["drift_report"], { limit: 12 });
export const usePerformance = (name: string) => useGet<Items<PerformancePoint>>(`/deployments/${part(name)}/performance`, ["performance", "label"], { limit: 100 });

/* Governance */
export const useTrace = (id: string) => useGet<Trace>(`/trace/${part(id)}`, []);

export function useAudit(filter: { noun?: string; actor?: string; id?: string }) {
  return useInfiniteQuery({
    queryKey: ["/audit", filter],
    queryFn: ({ pageParam, signal }) => get<AuditPage>("/audit", { ...filter, before: pageParam || undefined, limit: 200 }, signal),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next_before ?? undefined,
    meta: { nouns: ["*"] },
    placeholderData: keepPreviousData,
  });
}

/* Runs */
export const useMetric = (id: string, key: string) => useGet<Items<MetricPoint>>(`/runs/${part(id)}/metrics`, ["run"], { key });
export const useArtifacts = (id: string, path: string) => useGet<Items<ArtifactEntry>>(`/runs/${part(id)}/artifacts`, ["run", "logged_model"], { path });
