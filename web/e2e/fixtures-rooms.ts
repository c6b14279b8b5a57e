/** The rooms' fixtures: data, pipelines, models, serving, monitoring, audit, trace. */
import { GENESIS, hashOf } from "../src/lib/audit";
import type {
  Alert, AuditEvent, ColumnDrift, DataRef, Dataset, DataVersion, Decision, Deployment, DriftReport, Evaluation, GraphStep, Model, ModelVersion, Monitor, MonitorStatus, PerformancePoint, Pipeline, PipelineRun, Plan, Prediction,
  Profile, StepRun, Trace, TraceDetail, Trigger, Violation,
} from "../src/api/types";
import { id, none, NOW, on, onServe, onText, random, type Route } from "./base";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const hex = (n: number) => `${id(n)}${id(n + 7)}`;

/* Data */

const columns = ["time_hour", "origin", "carrier", "dest", "dep_hour", "distance", "temp", "wind_speed", "precip", "visib", "arr_delay", "tailnum"];

function version(number: number | null, rows: number, age: number, message: string, violations: Violation[] = []): DataVersion {
  return { dataset: "flights", reference: number === null ? `flights@${hex(290).slice(0, 12)}` : `flights@v${number}`, commit: hex(200 + (number ?? 90)), tree: hex(400 + (number ?? 90)), state: number === null ? "rejected" : "published", number, author: "system", time_ms: NOW - age, message, origin: "data/flights/*.parquet", files: number ?? 5, size: rows * 28, rows, violations };
}

const violations: Violation[] = [
  { rule: "nullable", column: "arr_delay", severity: "block", message: "14,806 of 28,796 rows have no value", count: 14806, share: 0.514, examples: [{ file: "flights_2013-05b.parquet", row: 3, value: "null" }], place: "contracts/flights.yaml:31:5", change: "2.4% missing in v4, 51.4% now" },
  { rule: "missing_column", column: "dep_hour", severity: "block", message: "the column is not there; a new column hour_of_dep looks like it", count: null, share: null, examples: [], place: "contracts/flights.yaml:12:3", change: null },
  { rule: "range", column: "temp", severity: "warn", message: "values from -9.4 to 36.1 where 10 to 105 are usual: another unit?", count: 28011, share: 0.973, examples: [{ file: "flights_2013-05b.parquet", row: 1, value: "12.2" }], place: "contracts/flights.yaml:44:5", change: "median 61.0 before, 15.8 now" },
];
const versions: DataVersion[] = [version(null, 28796, 31 * MINUTE, "a broken batch", violations), version(4, 111278, 2 * MINUTE + HOUR, "2013-04 arrived"), version(3, 82951, 3 * HOUR, "2013-03 arrived"), version(2, 54117, 26 * HOUR, "2013-02 arrived", violations.slice(2)), version(1, 27004, 50 * HOUR, "first files")];
const draft: DataVersion = { ...version(null, 139_904, 20 * MINUTE, "May, mended"), state: "draft", branch: "review/april", commit: hex(291), reference: `flights@${hex(291).slice(0, 12)}` };
versions.unshift(draft);
const refs: DataRef[] = [
  { name: "main", kind: "branch", author: "system", updated_ms: NOW - HOUR, version: version(4, 111278, HOUR, "") },
  { name: "review/april", kind: "branch", author: "ana", updated_ms: NOW - 20 * MINUTE, version: draft },
  { name: "units", kind: "branch", author: "ana", updated_ms: NOW - 40 * MINUTE, version: version(null, 28796, 40 * MINUTE, "in miles", violations) },
  { name: "q1-frozen", kind: "tag", author: "ana", updated_ms: NOW - 9 * HOUR, version: version(3, 82951, 3 * HOUR, "") },
];
const dataset: Dataset = { name: "flights", kind: "table", key: ["flight", "time_hour"], time_column: "time_hour", contract: "contracts/flights.yaml", created_ms: NOW - 50 * HOUR, versions: 4, latest: versions[2], rejected: versions[1] };
const weather: Dataset = { ...dataset, name: "weather", key: [], contract: null, rejected: null, latest: { ...versions[4]!, dataset: "weather", rows: 26115, violations: [] } };

const profile: Profile = {
  rows: 111278,
  files: 4,
  correlations: [],
  columns: columns.map((name, c) => {
    const next = random(c + 3);
    const text = ["origin", "carrier", "dest", "tailnum"].includes(name);
    const missing = name === "arr_delay" ? 2671 : name === "tailnum" ? 51203 : name === "wind_speed" ? 140 : 0;
    const time = name === "time_hour";
    const unit = (v: number) => (time ? 1_357_016_400_000 + v * 1e8 : v);
    const counts = Array.from({ length: 24 }, (_, i) => Math.round(9000 * Math.exp(-(((i - 6 - c) / 5) ** 2)) + next() * 800));
    const number = text ? null : { min: unit(c * 1.5), max: unit(96), mean: unit(c * 7.123), std: 12.7 + c, skew: 0, kurtosis: 0, zeros: 0, negatives: 0, infinities: 0, quantiles: [0.25, 0.5, 0.75].map((share) => ({ share, value: unit(c * 20 * share) })), histogram: { edges: Array.from({ length: 25 }, (_, i) => unit(i * 4)), counts } };
    return { name, type: text ? "text" : time ? "timestamp" : "number", semantic: text ? "categorical" : time ? "timestamp" : "numeric", count: 111278 - missing, nulls: missing, distinct: text ? 3 + c * 13 : 9000 + c, exact: text, rank_error: 0, number, text: text ? { min_length: 2, max_length: 6, mean_length: 3, empty: 0 } : null, top: text ? ["EWR", "JFK", "LGA", "other"].map((value, i) => ({ value, count: 40000 - i * 9000 })) : [] };
  }),
};

/* Pipelines */

const graph: GraphStep[] = [
  { name: "prepare", kind: "sql", inputs: ["data.flights", "data.weather"], outputs: ["features"] },
  { name: "explore", kind: "notebook", inputs: ["prepare.features"], outputs: [] },
  { name: "train", kind: "command", inputs: ["prepare.features@train"], outputs: ["model"] },
  { name: "evaluate", kind: "evaluate", inputs: ["train.model", "prepare.features@holdout"], outputs: [] },
];
const step = (n: number, name: string, state: string, reason: string, more: Partial<StepRun> = {}): StepRun => ({ id: id(500 + n), step: name, partition: null, item: {}, key: hex(600 + n), state, attempt: state === "skipped" || state === "restored" ? 0 : 1, reason, tracked_run: name === "train" ? id(1000) : null, created_ms: NOW - 61_000, started_ms: NOW - 60_000 + n * 3_000, finished_ms: state === "running" || state === "ready" ? null : NOW - 55_000 + n * 3_000, ...more });
const steps: StepRun[] = [
  ...["2013-01", "2013-02", "2013-03"].map((month, i) => step(i, "prepare", "skipped", "nothing changed: its key is that of run 3", { partition: month, started_ms: null, finished_ms: null })),
  step(3, "prepare", "succeeded", "this partition is new", { partition: "2013-04" }),
  step(4, "explore", "succeeded", "input features changed: 3 partitions before, 4 now"),
  step(5, "train", "running", "input features changed: 82,951 rows before, 111,278 now", { item: { seed: 1 } }),
  step(6, "evaluate", "ready", "waits for train", { started_ms: null }),
];
const pinned = { flights: { dataset: "flights", number: 4, commit: hex(204), tree: hex(404), rows: 111278, files: 4, bytes: 3_115_784 }, weather: { dataset: "weather", number: 2, commit: hex(210), tree: hex(410), rows: 26115, files: 2, bytes: 700_000 } };
const pipelineRun = (number: number, state: string, age: number): PipelineRun => ({ id: id(number - 1), project: "flights", number, state, cause: number % 2 ? { kind: "manual", actor: "local" } : { kind: "trigger", trigger: "drift-flights-late", decision: id(700) }, params: { lr: 0.1, horizon: 3 }, data: pinned, code_tree: hex(800), message: state === "failed" ? "train failed: exit code 1" : null, created_ms: NOW - age, started_ms: NOW - age + 400, finished_ms: state === "running" ? null : NOW - age + 48_000 });
const pipelineRuns = [pipelineRun(4, "running", 2 * MINUTE), pipelineRun(3, "succeeded", 3 * HOUR), pipelineRun(2, "failed", 26 * HOUR), pipelineRun(1, "succeeded", 50 * HOUR)];
const pipeline: Pipeline = { name: "flights", root: "/home/ana/flights", objective: { problem: "warn passengers when a flight will arrive 15 minutes late or more", metric: "roc_auc", target: 0.7, slices: ["origin"], owners: [], label: "late" }, params: {}, updated_ms: NOW - 50 * HOUR, graph, deployment: "flights-late", problems: [], last_run: pipelineRuns[0], runs: 4 };
const decision = (n: number, kind: string, outcome: string, subject: string, reason: string, evidence: unknown): Decision => ({ id: id(700 + n), time_ms: NOW - n * 11 * MINUTE - MINUTE, kind, subject, outcome, reason, evidence, project: "flights", pipeline_run: outcome === "fired" || kind === "gate" ? id(3) : null });
const decisions: Decision[] = [
  decision(0, "trigger", "fired", "flights/drift-flights-late", "moved(any_feature) > 0.10 holds: dep_hour moved 0.31 of the rows", { report: id(900), condition: "moved(any_feature) > 0.10", values: { "moved(any_feature)": 0.31 } }),
  decision(1, "trigger", "suppressed", "flights/data-flights", "cooldown: it fired 20 min ago, the limit is 6 h", { cooldown: "6 h", last_fired_ms: NOW - 20 * MINUTE }),
  decision(2, "gate", "accepted", "flights:3", "all 5 conditions hold", {
    evaluation: id(870),
    conditions: [
      { condition: "roc_auc >= champion.roc_auc - 0.002", outcome: "passed", sentence: "0.7183 against 0.7121" },
      { condition: "worst(slice.roc_auc - champion.slice.roc_auc) >= -0.02", outcome: "passed", sentence: "worst is carrier=OO: -0.0114" },
      { condition: "latency_p99 < 50ms", outcome: "passed", sentence: "7.2 ms" },
      { condition: "starts_in_server", outcome: "passed", sentence: "loaded in 1.9 s" },
      { condition: "no_skew", outcome: "passed", sentence: "512 rows one by one and together: equal" },
    ],
  }),
  decision(3, "rollout", "completed", "flights-late", "flights:3 has all traffic; champion moved from 2", { from: 2, to: 3 }),
  decision(4, "gate", "rejected", "flights", "1 of 5 conditions does not hold: roc_auc >= champion.roc_auc - 0.002", { conditions: [{ condition: "roc_auc >= champion.roc_auc - 0.002", outcome: "failed", sentence: "0.6871 against 0.7121" }] }),
];
const triggers: Trigger[] = [
  { project: "flights", name: "data-flights", kind: "data", rule: "data flights when new_rows >= 20000 or age > 7d, settle 10m", paused: null, last_fired_ms: NOW - 3 * HOUR, next_due_ms: null, last_decision: decisions[1] },
  { project: "flights", name: "schedule", kind: "schedule", rule: "0 3 * * 1 Europe/Rome", paused: null, last_fired_ms: null, next_due_ms: NOW + 31 * HOUR, last_decision: null },
  { project: "flights", name: "drift-flights-late", kind: "drift", rule: "drift flights-late when moved(any_feature) > 0.10", paused: null, last_fired_ms: NOW - 2 * MINUTE, next_due_ms: null, last_decision: decisions[0] },
];
const plan: Plan = { project: "flights", params: {}, data: pinned, code_tree: hex(800), done: false, units: steps.map((s) => ({ step: s.step, partition: s.partition, item: s.item, key: s.key, action: s.state === "skipped" ? "skip" : "run", reason: s.reason })) };

/* Models */

const modelVersion = (v: number, aliases: string[], auc: number): ModelVersion => ({ name: "flights", version: v, description: v === 4 ? "Trained on **four** months." : "", stage: v === 3 ? "Production" : "None", logged_model: `m-${id(850 + v)}`, source: `models:/m-${id(850 + v)}`, run: id(1000 + v), user: "system", created_ms: NOW - (4 - v) * 5 * HOUR, aliases, tags: { trained: `month ${v}` }, metrics: { roc_auc: auc, average_precision: auc - 0.24, brier: 0.162, log_loss: 0.49 }, data_versions: [`flights@v${v}`, "weather@v2"], pipeline_run: id(3), step_run: id(505), environment: hex(860), code: hex(861), evaluation: v > 1 ? id(870) : null, used_by: v > 2 ? [{ kind: "deployment", name: "flights-late", role: v === 3 ? "live" : "canary", version: v }] : [] });
const modelVersions = [modelVersion(4, ["challenger"], 0.7211), modelVersion(3, ["champion"], 0.7183), modelVersion(2, [], 0.7121), modelVersion(1, [], 0.7034)];
const model: Model = { name: "flights", description: "arrival 15 minutes late or more\n\n## Limits\n\n- only the airports of New York\n- [source](https://example.org)", created_ms: NOW - 50 * HOUR, updated_ms: NOW - HOUR, tags: { team: "ops" }, aliases: [{ alias: "champion", version: 3 }, { alias: "challenger", version: 4 }], last_version: 4, versions: modelVersions, used_by: [{ kind: "deployment", name: "flights-late", role: "follows", reference: "flights@champion" }, { kind: "project", name: "flights", role: "trains" }] };
const scored = (shift: number, version: number) => ({ model: "flights", version, values: { roc_auc: 0.7183 + shift, average_precision: 0.478 + shift, brier: 0.1602 - shift / 2, log_loss: 0.487 - shift }, intervals: {}, latency_p50_ms: 3.1, latency_p99_ms: 7.2, starts_in_server: true, no_skew: true, problem: null, calibration: [] });
const slices = ["origin=EWR", "origin=JFK", "origin=LGA", "carrier=UA", "carrier=B6", "carrier=EV", "carrier=DL", "carrier=OO"].map((slice, i) => {
  const [column, value] = slice.split("=");
  const metrics = (shift: number) => ({ roc_auc: 0.7 + shift + Math.sin(i * 2.3) * 0.02 * (shift ? 1 : 0.6), brier: 0.16, log_loss: 0.48, average_precision: 0.45 });
  return { column: String(column), value: String(value), rows: 9000 - i * 1100, challenger: metrics(0.003), champion: metrics(0) };
});
const evaluation: Evaluation = { id: id(870), time_ms: NOW - HOUR, project: "flights", step_run: id(506), data: hex(871), rows: 28327, label: "late", problem: "binary", metric: "roc_auc", challenger: scored(0.003, 4), champion: scored(0, 3), comparison: { difference: 0.003, interval: [0.0004, 0.0056], p_value: 0.021, method: "DeLong", mcnemar_p: 0.03 }, slices, sentence: "roc_auc 0.7213 against 0.7183 of the champion: 0.0030 more, between 0.0004 and 0.0056 (DeLong)." };

/* Serving */

const features = { carrier: "UA", origin: "EWR", dest: "IAH", dep_hour: 17, distance: 1400, temp: 71.1, wind_speed: 12.7, precip: 0, visib: 10 };
const prediction = (n: number): Prediction => ({ id: id(3000 + n), time_ms: NOW - n * 700, deployment: "flights-late", model: "flights", version: n % 9 === 4 ? 4 : 3, route: n % 9 === 4 ? "canary" : "live", features, output: 0.21 + random(n)() * 0.4, latency_us: 3100 + n * 40 });
const deployment: Deployment = { name: "flights-late", model: "flights@champion", canary: ["5%", "25%", "100%"], every_ms: 1_800_000, rollback: ["error_rate > 1%"], timeout_ms: 30_000, workers: 1, queue: 256, generation: 5, created_ms: NOW - 49 * HOUR, live: { model: "flights", version: 3, since_ms: NOW - 4 * HOUR }, state: "ready", message: null, routes: [{ model: "flights", version: 3, since_ms: NOW - 4 * HOUR, share: 0.75, route: "live", state: "ready", message: null, runtime: "onnx", runtime_reason: "the ONNX export gives the same answers", requests: 63_158, errors: 0, requests_per_min: 159, error_rate: 0, p99_ms: 9.1 }, { model: "flights", version: 4, since_ms: NOW - 6 * MINUTE, share: 0.25, route: "canary", state: "ready", message: null, runtime: "python", runtime_reason: "no ONNX export", requests: 21_053, errors: 9, requests_per_min: 53, error_rate: 0.0004, p99_ms: 9.8 }, { model: "flights", version: 2, since_ms: NOW - 20 * HOUR, share: 0, route: "warm", state: "ready", message: null, runtime: "python", runtime_reason: null, requests: 0, errors: 0, requests_per_min: 0, error_rate: 0, p99_ms: null }], history: [{ model: "flights", version: 1, since_ms: NOW - 49 * HOUR }, { model: "flights", version: 2, since_ms: NOW - 20 * HOUR }], rollout: { id: id(890), deployment: "flights-late", model: "flights", every_ms: 1_800_000, rollback: ["error_rate > 1%"], started_ms: NOW - 36 * MINUTE, version: 4, from_version: 3, state: "canary", step: 1, shares: [0.05, 0.25, 1], since_ms: NOW - 6 * MINUTE, reason: null }, requests: 84211, requests_per_min: 212, error_rate: 0.0004, p50_ms: 3.4, p99_ms: 9.4, updated_ms: NOW - 6 * MINUTE, example: { rows: [features] } };

/* Monitoring */

const bins = (shift: number, seed: number) => Array.from({ length: 10 }, (_, i) => ({ label: `${i * 10} to ${i * 10 + 10}`, reference_share: Math.exp(-(((i - 4) / 2.5) ** 2)) / 4.43, window_share: Math.exp(-(((i - 4 - shift * 8) / 2.5) ** 2)) / 4.43 + random(seed + i)() * 0.01 }));
const drifting: Record<string, number> = { dep_hour: 0.31, temp: 0.24, prediction: 0.11, wind_speed: 0.06, precip: 0.02 };
function columnDrift(column: string, w: number): ColumnDrift {
  const moved = (drifting[column] ?? 0.001) * (w / 11) ** 1.5;
  const verdict = moved >= 0.1 ? "alarm" : moved >= 0.05 ? "warn" : "steady";
  return { column, kind: "numeric", reference_rows: 82951, window_rows: 4000, statistic: moved + 0.021, moved_share: moved, detectable_share: 0.128, p_value: moved > 0.01 ? 1.2e-9 : 0.41, psi: moved * 1.9, jensen_shannon: moved, wasserstein_iqr: moved, verdict, sentence: verdict === "steady" ? "as in training" : `at least ${(moved * 100).toFixed(0)}% of the rows moved since training`, findings: column === "temp" && w === 11 ? [{ check: "out_of_range", verdict: "warn", reference_share: 0, window_share: 0.03, sentence: "3.0% above the training range of 12 to 86" }] : [], bins: bins(moved, w), importance: null };
}
const report = (w: number): DriftReport => {
  const list = ["dep_hour", "temp", "wind_speed", "precip", "distance", "visib", "carrier", "origin", "dest"].map((c) => columnDrift(c, w));
  const worst = list.some((c) => c.verdict === "alarm") ? "alarm" : list.some((c) => c.verdict === "warn") ? "warn" : "steady";
  return { id: id(900 + w), time_ms: NOW - (11 - w) * HOUR, deployment: "flights-late", model: "flights", version: w < 5 ? 2 : 3, from_ms: NOW - (12 - w) * HOUR, to_ms: NOW - (11 - w) * HOUR, rows: 4000, reference: "training input of flights:3", reference_rows: 82951, settings: { false_alarm_rate: 0.01, warn_share: 0.05, alarm_share: 0.1, quality_share: 0.02 }, moved_share: list.reduce((a, c) => a + c.moved_share, 0) / list.length, verdict: worst, sentence: worst === "steady" ? "Nothing moved beyond chance." : "dep_hour moved at least 31% of its rows, temp 24%: departures shifted to the evening and it is warmer than in training.", columns: list, prediction: columnDrift("prediction", w) };
};
const reports = Array.from({ length: 12 }, (_, w) => report(w)).reverse();
const performance = Array.from({ length: 9 }, (_, w): PerformancePoint => ({ id: id(950 + w), time_ms: NOW - (9 - w) * HOUR, deployment: "flights-late", model: "flights", from_ms: NOW - (10 - w) * HOUR, to_ms: NOW - (9 - w) * HOUR, rows: 4000, version: w < 4 ? 2 : 3, labels: 3600, completeness: 0.9, problem: "binary", metric: "roc_auc", intervals: {}, values: { roc_auc: 0.721 - w * 0.003, average_precision: 0.47 - w * 0.004, brier: 0.16 + w * 0.001, log_loss: 0.49 + w * 0.002 }, at_release: { roc_auc: 0.7183 }, verdict: w > 6 ? "doubtful" : "holds", sentence: "roc_auc is 0.6970 on the newest labelled window, 0.0213 below its value at release." })).reverse();
const alerts: Alert[] = [{ id: id(980), deployment: "flights-late", kind: "drift", state: "open", sentence: "dep_hour and temp moved since training, for 3 windows", opened_ms: NOW - 2 * HOUR, acknowledged_by: null, closed_ms: null, record: id(911) }];
const spec: Monitor["spec"] = { drift: { false_alarm_rate: 0.01, warn_share: 0.05, alarm_share: 0.1, quality_share: 0.02 }, windows: { rows: 4000, min_rows: 100, max_ms: 24 * HOUR }, persistence: { windows: 2, of: 3 }, performance: { metric: null, after_ms: 0, min_labels: 50, tolerance: 0.03, threshold: 0.5 }, freshness_ms: null, importance: {} };
const monitorRow: Monitor = { deployment: "flights-late", state: "alarmed", version: 3, drift_report: id(911), performance: id(958), checked_ms: NOW - MINUTE, spec };
const monitor: MonitorStatus = { ...monitorRow, drift: reports[0], measured: performance[0], alerts, windows: reports.map((r) => ({ model: r.model, version: r.version, from_ms: r.from_ms, to_ms: r.to_ms, rows: r.rows, drift_report: r.id, performance: null })) };

/* Audit */

const actions: [string, string, string, unknown][] = [
  ["data.data_version.publish", "data_version", "flights@v4", { rows: 111278, files: 4, origin: "data/flights/*.parquet" }],
  ["pipelines.pipeline_run.request", "pipeline_run", id(3), { project: "flights", number: 4, cause: { kind: "trigger", trigger: "drift-flights-late", decision: id(700) } }],
  ["registry.alias.set", "model", "flights", { before: { champion: 2 }, after: { champion: 3 }, ratio: 1.0, alias: "champion", version: 3 }],
  ["serving.deployment.apply", "deployment", "flights-late", { model: "flights@champion", spec: { canary: [0.05, 0.25, 1], every_ms: 1_800_000 } }],
  ["data.data_version.reject", "data_version", "flights", { rules: 3, message: "arr_delay: 51% missing – Zürich" }],
  ["tracking.run.log", "run", id(1003), { metrics: 8, params: 0, start_ms: NOW - HOUR }],
];
const audit = (() => {
  let prev = GENESIS;
  return Array.from({ length: 340 }, (_, i): AuditEvent => {
    const [action, noun, thing, detail] = actions[i % actions.length] as (typeof actions)[number];
    const base = { seq: i + 1, time_ms: NOW - (340 - i) * 4 * MINUTE, actor: i % 3 ? "system" : "local", action, noun, id: thing, outcome: i % 41 === 40 ? "refused" : "done", prev_hash: prev };
    const hash = hashOf({ ...base, detail_text: JSON.stringify(detail), hash: "" });
    prev = hash;
    return { ...base, detail, hash };
  });
})();

const told = (d: Decision | undefined) => d && { id: d.id, time_ms: d.time_ms, outcome: d.outcome, reason: d.reason };
const traced = prediction(1);
const requestTrace: TraceDetail = {
  id: "tr-0000000000000000000000000000abcd",
  name: "answer",
  experiment: "1",
  state: "error",
  start_ms: NOW - 90_000,
  duration_ms: 1_240,
  session: "visit-7",
  input_tokens: 412,
  output_tokens: 96,
  total_tokens: 508,
  total_cost: 0.0021,
  request: '{"question": "why is the flight late?"}',
  response: "a front over the north",
  tags: { team: "support" },
  metadata: {},
  assessments: [{ id: "a-1", name: "correct", kind: "feedback", value: "true", error: null, source: "human", by: "ada", rationale: "checked by hand", span: null, created_ms: NOW - 60_000, valid: true }],
  spans: [
    { id: "0000000000000001", parent: null, depth: 0, name: "answer", kind: "CHAIN", status: "error", message: "the tool failed", offset_ms: 0, duration_ms: 1_240, inputs: '{"question": "why is the flight late?"}', outputs: '"a front over the north"', attributes: { depth: "2" }, events: [] },
    { id: "0000000000000002", parent: "0000000000000001", depth: 1, name: "look up the weather", kind: "TOOL", status: "error", message: "", offset_ms: 12.5, duration_ms: 310.25, inputs: '{"place": "<b>north</b>"}', outputs: null, attributes: {}, events: [{ name: "exception", offset_ms: 320, attributes: { "exception.message": '"no answer"' } }] },
    { id: "0000000000000003", parent: "0000000000000001", depth: 1, name: "call", kind: "CHAT_MODEL", status: "ok", message: "", offset_ms: 330, duration_ms: 900, inputs: "[]", outputs: "null", attributes: {}, events: [] },
  ],
};
const trace: Trace = {
  sentence: "flights:3, trained by run d519a8e0 on 82951 rows of flights@v3 and weather@v2 in pipeline run 3, started by trigger drift-flights-late; the gate said: all 5 conditions hold",
  prediction: { id: traced.id, time_ms: traced.time_ms, features, output: traced.output, latency_us: traced.latency_us },
  label: { value: 1 },
  deployment: { name: "flights-late" },
  model_version: { name: "flights", version: 3 },
  run: { id: id(1003), name: "brisk-otter-1197", params: { lr: "0.1", max_leaf_nodes: "31" }, metrics: { roc_auc: 0.7183 } },
  evaluation: { id: evaluation.id, sentence: evaluation.sentence, data: evaluation.data },
  gate: told(decisions[2]) ?? null,
  step_run: { id: id(505), step: "train", key: hex(605) },
  environment: hex(860),
  code: hex(861),
  pipeline_run: { id: id(3), number: 4, cause: { kind: "trigger", trigger: "drift-flights-late", decision: id(700) }, created_ms: NOW - 3 * HOUR },
  trigger: told(decisions[0]) ?? null,
  data_versions: Object.values(pinned).map(({ dataset: name, number, commit, rows, files }) => ({ dataset: name, number, commit, rows, files })),
  data: [{ name: "train", reference: "prepare.features@train", parts: ["2013-01", "2013-02", "2013-03"].map((partition, i) => ({ partition, rows: 27_000 + i * 317, content: hex(620 + i), step_run: id(500 + i) })) }],
  approvals: [],
};

export const roomRoutes: Route[] = [
  on("get", "/datasets", () => ({ items: [dataset, weather] }), none),
  on("get", "/datasets/{name}", ({ name }) => [dataset, weather].find((d) => d.name === name)),
  on("get", "/datasets/{name}/versions", () => ({ items: versions })),
  on("get", "/datasets/{name}/refs", () => ({ items: refs })),
  on("post", "/datasets/{name}/refs", () => refs[1]),
  on("delete", "/datasets/{name}/refs/{ref}", () => ({}) as unknown as undefined),
  on("get", "/datasets/{name}/merge", (_p, url) =>
    url.searchParams.get("branch") === "review/april"
      ? { into: version(4, 111278, HOUR, ""), branch: draft, base: hex(3), files: [{ path: "flights_2013-05.parquet", change: "added", size: 801_220 }], conflicts: [] }
      : { into: version(4, 111278, HOUR, ""), branch: draft, base: hex(3), files: [], conflicts: [{ path: "flights_2013-04.parquet", kind: "both_changed", detail: "changed on main and on units" }] },
  ),
  on("post", "/datasets/{name}/merge", () => ({ outcome: "published", version: version(5, 139_904, 0, "merge review/april") })),
  on("get", "/datasets/{name}/versions/{version}/profile", () => profile),
  on("get", "/datasets/{name}/versions/{version}/rows", (_p, url) => ({ columns, rows: Array.from({ length: 100 }, (_, i) => columns.map((c, j) => (c === "tailnum" && i % 3 === 0 ? null : j < 4 ? ["2013-04-02 17:00", "EWR", "UA", "IAH"][j] : (i * 7 + j) / 2))), total: 111278 - Number(url.searchParams.get("offset") ?? 0) })),
  on("get", "/datasets/{name}/versions/{version}/files", () => ({ items: [1, 2, 3, 4].map((m) => ({ path: `flights_2013-0${m}.parquet`, size: 771_000 + m * 9_000, file_id: hex(220 + m) })) })),
  on("post", "/data/sql", () => ({ columns: [{ name: "carrier", type: "text" }, { name: "n", type: "integer" }, { name: "delay", type: "number" }, { name: "first", type: "timestamp" }], rows: ["UA", "B6", "EV", "DL", "AA", "MQ", null].map((carrier, i) => [carrier, 58_665 - i * 4030, i === 3 ? null : 12.106073 + i, "2013-01-01T05:15:00"] as never[]), truncated: true, total: null })),
  on("get", "/datasets/{name}/diff", () => ({ identical: false, from: version(3, 82951, 3 * HOUR, ""), to: version(4, 111278, HOUR, ""), rows_before: 82951, rows_after: 111278, files: [{ path: "flights_2013-04.parquet", change: "added", size: 801_220 }], columns: [{ name: "temp", change: "values", detail: "mean 1360954599299.4148 before, 1364436677021.0759 now" }, { name: "carrier", change: "values", detail: "F9: 61 rows" }] })),
  on("get", "/datasets/{name}/contract", () => ({ path: "contracts/flights.yaml", text: "columns:\n  time_hour: {type: timestamp, nullable: false}\n  arr_delay: {type: double, missing: 0.05}\n", rules: 14, words: [{ column: null, rule: "rows", says: "each file has at least 1 rows", severity: "block" }, { column: "time_hour", rule: "nullable", says: "is never missing", severity: "block" }, { column: "arr_delay", rule: "nullable", says: "is missing in at most 5 % of the rows", severity: "warn" }] })),
  on("get", "/datasets/{name}/contract/history", () => ({ items: versions.map((v) => ({ version: v.reference, time_ms: v.time_ms, contract: "c0ffee".repeat(10) + "c0ff", outcome: v.state === "rejected" ? "blocked" : v.violations.length ? "warned" : "kept", violations: v.violations })) })),
  on("post", "/datasets/{name}/contract/test", () => ({ items: versions.map((v) => ({ version: v.reference, passes: v.state === "published", violations: v.violations })), rules: [{ column: "arr_delay", rule: "nullable", severity: "block" as const, place: "contracts/flights.yaml:31:5", versions: 1, first: versions[1]!.reference, last: versions[1]!.reference, example: "14,806 of 28,796 rows have no value" }] })),
  on("get", "/pipelines", () => ({ items: [pipeline] }), none),
  on("get", "/pipelines/{name}", ({ name }) => (name === "flights" ? pipeline : undefined)),
  on("post", "/pipelines/{name}/plan", () => plan),
  on("get", "/pipelines/{name}/runs", () => ({ items: pipelineRuns })),
  on("post", "/pipelines/{name}/runs", () => pipelineRuns[0]),
  on("get", "/pipeline-runs/{id}", (p) => {
    const run = pipelineRuns.find((r) => r.id === p.id);
    return run && { ...run, steps, graph, decisions: decisions.slice(0, 3) };
  }),
  onText("/step-runs/{id}/log", (_p, url) => (Number(url.searchParams.get("offset") ?? 0) > 0 ? "" : "reading 111,278 rows of 14 columns\nfit: 100 iterations, early stopping on\niteration 40  log_loss 0.4931\niteration 80  log_loss 0.4874\n")),
  on("get", "/decisions", () => ({ items: decisions }), none),
  on("get", "/triggers", () => ({ items: triggers }), none),
  on("get", "/models", () => ({ items: [model] }), none),
  on("get", "/models/{name}", ({ name }) => (name === "flights" ? model : undefined)),
  on("post", "/models/{name}/promote", () => modelVersions[0]),
  on("post", "/models/{name}/rollback", () => modelVersions[1]),
  on("get", "/evaluations/{id}", () => evaluation),
  on("get", "/deployments", () => ({ items: [deployment] }), none),
  on("get", "/deployments/{name}", ({ name }) => (name === "flights-late" ? deployment : undefined)),
  on("post", "/deployments/{name}/rollback", ({ name }) => ({ deployment: String(name), model: "flights", from_version: 3, to_version: 2, alias_moved: true })),
  on("get", "/deployments/{name}/predictions", () => ({ items: Array.from({ length: 50 }, (_, i) => prediction(i)) })),
  onServe("/serve/{name}", () => ({ predictions: [0.2731] })),
  on("get", "/monitors", () => ({ items: [monitorRow] }), none),
  on("get", "/alerts", () => ({ items: alerts }), none),
  on("post", "/alerts/{id}/acknowledge", () => alerts[0] && { ...alerts[0], state: "acknowledged", acknowledged_by: "local" }),
  on("get", "/deployments/{name}/monitor", () => monitor),
  on("get", "/deployments/{name}/drift", () => ({ items: reports })),
  on("post", "/deployments/{name}/drift", () => reports[0]),
  on("get", "/deployments/{name}/performance", () => ({ items: performance })),
  on(
    "get",
    "/audit",
    (_p, url) => {
      const before = Number(url.searchParams.get("before") ?? 1e9);
      const limit = Number(url.searchParams.get("limit") ?? 100);
      const noun = url.searchParams.get("noun");
      const items = audit.filter((e) => e.seq < before && (!noun || e.noun === noun)).reverse().slice(0, limit);
      const last = items.at(-1)?.seq ?? 1;
      return { items, next_before: items.length === limit && last > 1 ? last : undefined };
    },
    none,
  ),
  on("get", "/trace/{prediction_id}", () => trace),
  on("post", "/traces/search", () => ({ items: [requestTrace] }), none),
  on("get", "/traces/{id}", () => requestTrace),
];
