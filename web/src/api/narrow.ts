/** Shapes of values that the API's document calls any JSON; scripts/schema.mjs puts them in their places. */

/** Serialised as a tagged value, which the document does not describe. */
export type Cause = { kind: "manual"; actor: string } | { kind: "trigger"; trigger: string; decision: string };

export interface PinnedVersion {
  dataset: string;
  number: number;
  commit: string;
  tree: string;
  rows: number | null;
  files: number;
  bytes: number;
}

/** By source. */
export type Pinned = Record<string, PinnedVersion>;

export interface Objective {
  problem: string | null;
  metric: string | null;
  target: number | null;
  slices: string[];
  owners: string[];
  label: string | null;
}

export interface StepFailure {
  cause: string;
  message: string;
  exit_code?: number | null;
}

export interface Violation {
  rule: string;
  column: string | null;
  severity: "block" | "warn";
  message: string;
  count: number | null;
  share: number | null;
  examples: { file: string; row: number; value: string }[];
  place: string | null;
  change: string | null;
}

/** One row as a model's columns name it. */
export type Features = Record<string, unknown>;

export interface NumberProfile {
  min: number;
  max: number;
  mean: number;
  std: number | null;
  skew: number | null;
  kurtosis: number | null;
  zeros: number;
  negatives: number;
  infinities: number;
  quantiles: { share: number; value: number }[];
  /** One edge more than counts. */
  histogram: { edges: number[]; counts: number[] };
}

export interface ColumnProfile {
  name: string;
  type: string;
  semantic: "empty" | "constant" | "identifier" | "boolean" | "categorical" | "numeric" | "timestamp" | "email" | "text" | "other";
  count: number;
  nulls: number;
  distinct: number;
  exact: boolean;
  rank_error: number;
  number: NumberProfile | null;
  text: { min_length: number; max_length: number; mean_length: number; empty: number } | null;
  top: { value: string; count: number }[];
}

export interface Profile {
  rows: number;
  files: number;
  columns: ColumnProfile[];
  /** Pairs of numeric columns, the strongest first. */
  correlations: { a: string; b: string; r: number }[];
}

export interface Told {
  id: string;
  time_ms: number;
  outcome: string;
  reason: string;
}

export interface TracedInput {
  name: string;
  reference: string;
  parts: { partition: string | null; rows: number | null; content: string; step_run: string | null }[];
}

/** Null is what the platform did not make itself. */
export interface Trace {
  sentence: string;
  prediction: { id: string; time_ms: number; features: Features; output: unknown; latency_us: number };
  label: { value: unknown } | null;
  deployment: { name: string } | null;
  model_version: { name: string; version: number };
  run: { id: string; name: string; params: Record<string, string>; metrics: Record<string, number | null> } | null;
  evaluation: { id: string; sentence: string; data: string } | null;
  gate: Told | null;
  step_run: { id: string; step: string; key: string } | null;
  environment: string | null;
  code: string | null;
  pipeline_run: { id: string; number: number; cause: Cause; created_ms: number } | null;
  trigger: Told | null;
  data_versions: { dataset: string; number: number; commit: string; rows: number | null; files: number }[];
  data: TracedInput[];
  approvals: Told[];
}
