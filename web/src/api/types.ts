/** What the pages read from the public API. */

export interface Items<T> {
  items: T[];
  next_page_token?: string | null;
}

export interface ServerInfo {
  version: string;
  home: string;
  database: string;
  projects: string[];
}

export interface Stage {
  stage: string;
  state: string;
  headline: string;
  detail: string;
  link: string;
}

export interface Attention {
  kind: string;
  severity: string;
  text: string;
  link: string;
  time_ms: number;
}

export interface ServingRow {
  deployment: string;
  model: string;
  version: number;
  state: string;
  requests_per_min: number;
  error_rate: number;
  p99_ms: number;
}

export interface RecentRow {
  time_ms: number;
  actor: string;
  action: string;
  noun: string;
  id: string;
  text: string;
  link: string;
}

export interface OverviewData {
  stages: Stage[];
  attention: Attention[];
  serving: ServingRow[];
  recent: RecentRow[];
}

export interface Run {
  id: string;
  name: string;
  experiment: string;
  status: string;
  start_ms: number | null;
  end_ms: number | null;
  metrics: Record<string, number>;
  params: Record<string, string>;
  tags: Record<string, string>;
}

export interface Runs extends Items<Run> {
  total?: number;
}

export interface RunSearch {
  experiment?: string;
  filter?: string;
  order_by?: string[];
  max_results?: number;
  page_token?: string;
}

export interface Experiment {
  id: string;
  name: string;
}

export interface MetricPoint {
  step: number;
  time_ms: number;
  /** Absent where it is not a number. */
  value?: number | null;
}

export interface ArtifactEntry {
  path: string;
  is_dir: boolean;
  size?: number | null;
  file_id?: string | null;
}

/* Data */

export interface Violation {
  rule: string;
  column?: string | null;
  severity: string;
  message: string;
  count?: number | null;
  share?: number | null;
  examples?: { file: string; row: number; value: string }[];
  place?: string | null;
  change?: string | null;
}

export interface DataVersion {
  dataset: string;
  commit: string;
  reference: string;
  state: string;
  number?: number | null;
  author: string;
  time_ms: number;
  message: string;
  origin: string;
  files: number;
  size: number;
  rows?: number | null;
  violations: Violation[];
}

export interface Dataset {
  name: string;
  kind: string;
  key: string[];
  time_column?: string | null;
  contract?: string | null;
  created_ms: number;
  versions: number;
  latest?: DataVersion | null;
  rejected?: DataVersion | null;
}

export interface NumberProfile {
  min: number;
  max: number;
  mean: number;
  std?: number | null;
  quantiles: { share: number; value: number }[];
  histogram: { edges: number[]; counts: number[] };
}

export interface ColumnProfile {
  name: string;
  type: string;
  semantic: string;
  count: number;
  nulls: number;
  distinct: number;
  exact: boolean;
  number?: NumberProfile | null;
  text?: { min_length: number; max_length: number; mean_length: number; empty: number } | null;
  top: { value: string; count: number }[];
}

export interface Profile {
  rows: number;
  columns: ColumnProfile[];
}

export interface RowsPage {
  columns: string[];
  rows: unknown[][];
  total?: number | null;
}

export interface DataDiff {
  rows_before?: number | null;
  rows_after?: number | null;
  files: { path: string; change: string; size?: number | null }[];
  columns: { name: string; change: string; detail: string }[];
}



export interface Contract {
  path: string;
  text: string;
  rules: number;
}

/** What a contract says to one version. */
export interface Trial {
  version: string;
  passes: boolean;
  violations: Violation[];
}

/* Pipelines */

export interface PipelineRun {
  id: string;
  project: string;
  number: number;
  state: string;
  cause: { kind: string; actor?: string; trigger?: string; decision?: string };
  params: Record<string, unknown>;
  data: Record<string, { dataset: string; number: number; commit: string; rows?: number | null; bytes: number }>;
  code_tree: string;
  message?: string | null;
  created_ms: number;
  started_ms?: number | null;
  finished_ms?: number | null;
}

export interface StepRun {
  id: string;
  step: string;
  partition?: string | null;
  item?: Record<string, unknown>;
  key: string;
  state: string;
  attempt: number;
  reason: string;
  tracked_run?: string | null;
  failure?: { cause: string; message: string; exit_code?: number | null } | null;
  started_ms?: number | null;
  finished_ms?: number | null;
}

export interface GraphStep {
  name: string;
  kind: string;
  inputs: string[];
  outputs: string[];
}

export interface PipelineRunDetail extends PipelineRun {
  steps: StepRun[];
  graph: GraphStep[];
  decisions: Decision[];
}

export interface Trigger {
  project: string;
  name: string;
  rule: string;
  paused?: string | null;
  last_fired_ms?: number | null;
  next_due_ms?: number | null;
  last_decision?: Decision | null;
}

export interface FileProblem {
  file: string;
  line: number;
  column: number;
  message: string;
  help?: string | null;
}

export interface Pipeline {
  name: string;
  root: string;
  objective?: { problem?: string | null; metric?: string | null; target?: number | null } | null;
  graph: GraphStep[];
  deployment?: string | null;
  problems: FileProblem[];
  last_run?: PipelineRun | null;
  runs: number;
}

export interface PlanUnit {
  step: string;
  partition?: string | null;
  item?: Record<string, unknown>;
  key?: string | null;
  action: string;
  reason: string;
  expected_ms?: number | null;
}

export interface Plan {
  units: PlanUnit[];
}

export interface Decision {
  id: string;
  time_ms: number;
  kind: string;
  subject: string;
  outcome: string;
  reason: string;
  evidence: unknown;
  project?: string | null;
  pipeline_run?: string | null;
}

export interface Verdict {
  condition: string;
  passed: boolean;
  reason: string;
}

/* Models */

export interface Alias {
  alias: string;
  version: number;
}

export interface ModelVersion {
  name: string;
  version: number;
  description: string;
  source: string;
  run?: string | null;
  user: string;
  created_ms: number;
  aliases: string[];
  tags: Record<string, string>;
  metrics: Record<string, number>;
  data_versions: string[];
  pipeline_run?: string | null;
  step_run?: string | null;
  environment?: string | null;
  code?: string | null;
  evaluation?: string | null;
}

export interface Model {
  name: string;
  description: string;
  created_ms: number;
  updated_ms: number;
  aliases: Alias[];
  last_version: number;
  versions: ModelVersion[];
}

export interface Scored {
  model: string;
  version?: number | null;
  values: Record<string, number>;
  latency_p50_ms?: number | null;
  latency_p99_ms?: number | null;
  starts_in_server: boolean;
  no_skew?: boolean | null;
  problem?: string | null;
}

export interface Slice {
  column: string;
  value: string;
  rows: number;
  challenger: Record<string, number>;
  champion?: Record<string, number> | null;
}

export interface Evaluation {
  id: string;
  time_ms: number;
  data: string;
  rows: number;
  label: string;
  metric: string;
  challenger: Scored;
  champion?: Scored | null;
  comparison?: { difference: number; interval?: number[] | null; p_value?: number | null; method: string } | null;
  slices: Slice[];
  sentence: string;
}

/* Serving */

export interface Served {
  model: string;
  version: number;
  since_ms: number;
  share: number;
  /** `live`, `canary` or `warm`. */
  route: string;
  state: string;
  message?: string | null;
  runtime?: string | null;
  runtime_reason?: string | null;
  requests_per_min: number;
  error_rate: number;
  p99_ms?: number | null;
}

export interface Rollout {
  id: string;
  version: number;
  from_version?: number | null;
  state: string;
  step?: number | null;
  shares: number[];
  since_ms?: number | null;
  reason?: string | null;
}

export interface Deployment {
  name: string;
  model: string;
  state: string;
  message?: string | null;
  routes: Served[];
  history: { model: string; version: number; since_ms: number }[];
  rollout?: Rollout | null;
  requests: number;
  requests_per_min: number;
  error_rate: number;
  p50_ms?: number | null;
  p99_ms?: number | null;
  updated_ms: number;
  example?: { rows: unknown[] } | null;
}

export interface Prediction {
  id: string;
  time_ms: number;
  deployment: string;
  model: string;
  version: number;
  route: string;
  features: Record<string, unknown>;
  output: unknown;
  latency_us: number;
}

/* Monitoring */

export interface DriftBin {
  label: string;
  reference_share: number;
  window_share: number;
}

export interface ColumnDrift {
  column: string;
  kind: string;
  statistic: number;
  moved_share: number;
  detectable_share: number;
  p_value?: number | null;
  psi: number;
  verdict: string;
  sentence: string;
  findings: { check: string; verdict: string; sentence: string }[];
  bins: DriftBin[];
}

export interface DriftReport {
  id: string;
  time_ms: number;
  deployment: string;
  model: string;
  version: number;
  from_ms: number;
  to_ms: number;
  rows: number;
  reference: string;
  reference_rows: number;
  settings: { warn_share: number; alarm_share: number };
  moved_share: number;
  verdict: string;
  sentence: string;
  columns: ColumnDrift[];
  prediction?: ColumnDrift | null;
}

export interface PerformancePoint {
  id: string;
  time_ms: number;
  model: string;
  version: number;
  from_ms: number;
  to_ms: number;
  rows: number;
  labels: number;
  completeness: number;
  metric: string;
  values: Record<string, number>;
  at_release: Record<string, number>;
  verdict: string;
  sentence: string;
}

export interface Alert {
  id: string;
  deployment: string;
  kind: string;
  state: string;
  sentence: string;
  opened_ms: number;
  acknowledged_by?: string | null;
  closed_ms?: number | null;
  record?: string | null;
}

export interface Monitor {
  deployment: string;
  state: string;
  version?: number | null;
  checked_ms?: number | null;
}

export interface MonitorWindow {
  model: string;
  version: number;
  from_ms: number;
  to_ms: number;
  rows: number;
}

export interface MonitorStatus extends Monitor {
  drift?: DriftReport | null;
  measured?: PerformancePoint | null;
  alerts: Alert[];
  windows: MonitorWindow[];
}

/* Governance */

export interface AuditEvent {
  seq: number;
  time_ms: number;
  actor: string;
  action: string;
  noun: string;
  id: string;
  outcome: string;
  detail: unknown;
  prev_hash: string;
  hash: string;
}

export interface AuditPage {
  items: AuditEvent[];
  next_before?: number | null;
}

export interface Trace {
  /** The way back in one sentence. */
  sentence?: string;
  prediction: Pick<Prediction, "id" | "time_ms" | "features" | "output" | "latency_us">;
  [part: string]: unknown;
}
