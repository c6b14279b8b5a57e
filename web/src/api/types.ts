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

export interface Named {
  name: string;
}
