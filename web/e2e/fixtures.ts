/** A project in the middle of its life: the flights of the example, with figures in their true range. */

import type { CurvesSent, OverviewData, Run, RunGroups, RunSearch, SavedView, ServerInfo, ViewSent } from "../src/api/types";
import { id, none, NOW, on, random, type Route } from "./base";
import { roomRoutes } from "./fixtures-rooms";
import { NOTE, runRoutes } from "./fixtures-runs";

const MINUTE = 60_000;
const names = ["brisk-otter", "deft-lynx", "calm-heron", "bold-marten", "keen-ibis", "swift-vole", "wry-stoat", "pale-finch"];

const server: ServerInfo = { version: "0.1.0", home: "/home/ana/flights/.volano", database: "sqlite", projects: ["flights"] };

export const overview: OverviewData = {
  stages: [
    { stage: "collect", state: "ok", headline: "flights@v4 · 111,278 rows", detail: "weather@v2; watched folder, 2 min ago", link: "/data/flights@v4" },
    { stage: "analyse", state: "ok", headline: "1 notebook, 4 profiles", detail: "explore.ipynb ran with v4", link: "/data/flights@v4" },
    { stage: "prepare", state: "ok", headline: "1 of 4 months run", detail: "3 restored by key", link: "/pipelines/flights" },
    { stage: "train", state: "running", headline: "train on 83,410 rows", detail: "running for 14 s", link: `/pipeline-runs/${id(3)}` },
    { stage: "validate", state: "waiting", headline: "gate: 5 conditions", detail: "last: accepted flights:3", link: "/models/flights" },
    { stage: "serve", state: "ok", headline: "flights:3 at 100%", detail: "212 requests/min, p99 9.4 ms", link: "/deploy/flights-late" },
    { stage: "monitor", state: "warn", headline: "drift in 2 of 14 columns", detail: "dep_hour moved 0.31 of the rows", link: "/monitor/flights-late" },
    { stage: "retrain", state: "ok", headline: "drift-flights-late fired", detail: "2 min ago; next schedule Mon 03:00", link: "/pipelines/flights" },
  ],
  attention: [
    { kind: "alert", severity: "alarm", text: "flights-late: dep_hour and temp moved since training, 0.31 of the rows at least", link: "/monitor/flights-late", time_ms: NOW - 2 * MINUTE },
    { kind: "data", severity: "failed", text: "flights: a batch was rejected, 3 rules broken (arr_delay missing in 52% of rows)", link: "/data/flights", time_ms: NOW - 31 * MINUTE },
  ],
  serving: [{ deployment: "flights-late", model: "flights", version: 3, state: "ready", requests_per_min: 212, error_rate: 0, p99_ms: 9.4 }],
};

/** What the command line and mlflow write about the code. */
const SOURCE = { "mlflow.note.content": NOTE, "mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": "9f2c1a7d02b4e8a6c3f1907d5e4b2a1908c7f6e5", "mlflow.source.git.branch": "main", "mlflow.source.git.repoURL": "git@github.com:team/flights.git", "volano.git.changed_files": "2", "volano.command": "python train.py --depth 8" };

const FEATURES = ["time_hour", "origin", "carrier", "dest", "dep_hour", "distance", "temp", "wind_speed", "precip", "visib", "tailnum", "weekday", "month", "holiday"];
/** More metrics than fit on a screen, of two runs. */
const LAYERS: Record<string, number> = Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`grad/layer_${String(i).padStart(2, "0")}`, 0.1 + i / 100]));
/** A few runs have no learning rate. */
const rate = (lr: string | undefined, i: number): Record<string, string> => (lr && i % 100 !== 99 ? { lr } : {});

export const runs = (() => {
  const next = random(7);
  return Array.from({ length: 1200 }, (_, i): Run => {
    const auc = 0.66 + next() * 0.09;
    const failed = next() < 0.03;
    const start = NOW - (i * 7 + 2) * MINUTE;
    const started = i > 2 && i <= 232 ? 2 : i === 241 || i === 242 ? 40 : undefined;
    return {
      id: id(1000 + i),
      name: `${names[i % names.length]}-${1200 - i}`,
      experiment: i % 5 === 4 ? "2" : "1",
      user: "ana",
      status: i === 0 ? "running" : failed ? "failed" : "finished",
      start_ms: start,
      end_ms: i === 0 ? null : start + Math.round(9_000 + next() * 30_000),
      metrics: failed ? {} : { roc_auc: auc, average_precision: auc - 0.25 + next() * 0.02, log_loss: 0.52 - (auc - 0.66), brier: 0.165 - (auc - 0.66) / 4, training_score: auc + 0.03, ...(i === 2 || i === 3 ? LAYERS : {}), ...(i === 0 ? { "train/loss": 0.31, "val/auc": 0.71, "val/loss": 0.35, "system/cpu_utilization_percentage": 71.2, "system/system_memory_usage_megabytes": 2103 } : {}) },
      params: { ...rate(["0.05", "0.1", "0.2"][Math.floor(next() * 3)], i), max_leaf_nodes: String([15, 31, 63][Math.floor(next() * 3)]), seed: String(1 + (i % 3)), early_stopping: "auto", booster: ["gbdt", "dart", "goss"][(i * 7) % 5 % 3]!, max_depth: i % 4 === 0 ? "None" : String(4 + (i % 3)), ...(i < 60 ? { features: FEATURES.filter((_, n) => (n + i) % 7 > 0).join(", ") } : {}) },
      tags: { ...(i === 0 ? { ...SOURCE, team: "ops" } : {}), "volano.step": "train", ...(started === undefined ? {} : { "mlflow.parentRunId": id(1000 + started) }) },
    };
  });
})();

/** Runs that started others, three levels deep: the first has a sweep of 230, one of which has two of its own. */
const parentOf = (run: Run): string | undefined => run.tags["mlflow.parentRunId"];

/** The comparisons of a filter that this server knows: a word in the name, one parameter, one tag. */
function matching(search: Pick<RunSearch, "experiment" | "filter">): Run[] {
  const filter = search.filter ?? "";
  const wanted = filter.match(/run_name ILIKE '%(.*?)%'/)?.[1];
  const [, param, value] = filter.match(/params\.(\w+) = '(.*?)'/) ?? [];
  const lacking = filter.match(/params\.(\w+) IS NULL/)?.[1];
  const status = filter.match(/attributes\.status = '(\w+)'/)?.[1]?.toLowerCase();
  const parent = filter.match(/tags\.`mlflow\.parentRunId` = '(\w+)'/)?.[1];
  const atTop = filter.includes("tags.`mlflow.parentRunId` IS NULL");
  return runs.filter(
    (run) =>
      (!search.experiment || (["explore", "2"].includes(search.experiment)) === (run.experiment === "2")) &&
      (!wanted || run.name.includes(wanted)) &&
      (!param || run.params[param] === value) &&
      (!lacking || run.params[lacking] === undefined) &&
      (!status || run.status === status) &&
      (!parent || parentOf(run) === parent) &&
      (!atTop || !parentOf(run)),
  );
}

function grouped({ by, metrics = [], ...search }: { by: string; metrics?: string[]; experiment?: string; filter?: string }): RunGroups {
  const [kind, name = ""] = by.split(/\.(.*)/s);
  const of = (run: Run): string | null => (kind === "params" ? run.params[name] : kind === "tags" ? run.tags[name] : by === "experiment" ? run.experiment : by === "user" ? run.user : run.status) ?? null;
  const found = new Map<string | null, Run[]>();
  for (const run of matching(search)) found.set(of(run), [...(found.get(of(run)) ?? []), run]);
  const spread = (key: string, among: Run[]) => {
    const values = among.map((run) => run.metrics[key]).filter((value) => value !== undefined);
    return values.length ? [[key, { runs: values.length, mean: values.reduce((a, b) => a + b, 0) / values.length, min: Math.min(...values), max: Math.max(...values) }]] : [];
  };
  const items = [...found].map(([value, among]) => ({ value, runs: among.length, metrics: Object.fromEntries(metrics.flatMap((key) => spread(key, among))) }));
  return { items: items.sort((a, b) => b.runs - a.runs), more: false };
}

const firstView: SavedView = { id: id(4000), name: "best by AUC", owner: "ana", own: true, shared: true, experiment: "1", filter: "", order_by: ["metrics.roc_auc DESC"], columns: [{ key: "metrics.roc_auc" }, { key: "params.lr", width: 120 }], group_by: null, nested: false, created_ms: NOW - 9e6, updated_ms: NOW - 8e6 };
const views: SavedView[] = [firstView];

export const routes: Route[] = [
  on("get", "/server", () => server, () => server),
  on("get", "/overview", () => overview, () => ({ stages: [], attention: [], serving: [] })),
  on(
    "get",
    "/experiments",
    () => ({
      items: [
        { id: "1", name: "flights", created_ms: NOW - 9e7, updated_ms: NOW, note: "# Late flights\n\nDoes weather help?", activity: { runs: 1234, running: 2, failed: 7, newest_ms: NOW - 6e4 } },
        { id: "2", name: "explore", created_ms: NOW - 8e7, updated_ms: NOW, activity: { runs: 0, running: 0, failed: 0 } },
      ],
    }),
    none,
  ),
  on(
    "post",
    "/runs/search",
    (_p, _u, body) => {
      const search = body as RunSearch;
      const all = matching(search);
      const [order] = search.order_by ?? [];
      const key = order?.match(/^metrics\.`?(\w+)/)?.[1];
      if (key) all.sort((a, b) => ((a.metrics[key] ?? -1) - (b.metrics[key] ?? -1)) * (order?.endsWith("DESC") ? -1 : 1));
      const from = search.offset ?? Number(search.page_token ?? 0);
      const wanted = (kind: string, of: Record<string, never>) => Object.fromEntries(Object.entries(of).filter(([name]) => !search.columns || search.columns.includes(`${kind}.${name}`)));
      const items = all.slice(from, from + (search.max_results ?? 100)).map((run) => ({ ...run, metrics: wanted("metrics", run.metrics as never), params: wanted("params", run.params as never), tags: wanted("tags", run.tags as never), ...(search.children ? { children: runs.filter((one) => parentOf(one) === run.id).length } : {}) }));
      const end = from + items.length;
      return { items, next_page_token: end < all.length ? String(end) : undefined };
    },
    none,
  ),
  on(
    "post",
    "/runs/count",
    (_p, _u, body) => {
      const statuses: Record<string, number> = {};
      for (const run of matching(body as RunSearch)) statuses[run.status] = (statuses[run.status] ?? 0) + 1;
      return { total: Object.values(statuses).reduce((sum, n) => sum + n, 0), statuses };
    },
    () => ({ total: 0, statuses: {} }),
  ),
  on("post", "/runs/groups", (_p, _u, body) => grouped(body as Parameters<typeof grouped>[0]), () => ({ items: [], more: false })),
  on(
    "get",
    "/runs/keys",
    () => {
      const keys = (of: "metrics" | "params" | "tags") => Object.keys(runs[1]?.[of] ?? {}).map((key) => ({ key, runs: runs.filter((run) => key in run[of]).length, varies: new Set(runs.map((run) => run[of][key])).size > 1 }));
      return { metrics: keys("metrics"), params: keys("params"), tags: keys("tags") };
    },
    () => ({ metrics: [], params: [], tags: [] }),
  ),
  on("get", "/views", () => ({ items: views }), none),
  on("post", "/views", (_p, _u, body) => {
    const sent = body as ViewSent;
    const view: SavedView = { ...firstView, ...sent, id: id(4001 + views.length), shared: sent.shared ?? false, filter: sent.filter ?? "", order_by: sent.order_by ?? [], columns: sent.columns ?? [], group_by: sent.group_by ?? null, nested: sent.nested ?? false };
    views.push(view);
    return view;
  }),
  on("get", "/runs/{id}", (p) => runs.find((run) => run.id === p.id)),
  on("put", "/runs/{id}/tags", (p, _u, body) => {
    const [run, { key, value }] = [runs.find((one) => one.id === p.id), body as { key: string; value: string | null }];
    if (run && value === null) delete run.tags[key];
    else if (run) run.tags[key] = String(value);
    return run;
  }),
  on("post", "/runs/compare", (_p, _u, body) => {
    const wanted = (body as { runs: string[] }).runs.map((one) => runs.find((run) => run.id === one));
    return { runs: wanted.filter((run) => run !== undefined), differing_params: ["lr"], differing_metrics: ["roc_auc"] };
  }),
  on("post", "/runs/curves", (_p, _u, body) => {
    const { runs: ids, keys, points, from, to } = body as CurvesSent;
    const items = ids.flatMap((one) => {
      const run = runs.find((other) => other.id === one);
      const next = random(Number.parseInt(one.slice(-6), 16));
      const length = Math.min(120, points ?? 500);
      const lift = (next() - 0.5) * 0.08;
      const began = run?.start_ms ?? NOW;
      // A long one, of which the whole shows every hundredth step.
      const long = (key: string) => key === "grad/layer_23";
      const steps = (key: string): number[] => {
        if (!long(key)) return Array.from({ length }, (_, step) => step);
        return from == null || to == null ? Array.from({ length }, (_, at) => at * 100) : Array.from({ length: Math.floor((to - from) / 10) + 1 }, (_, at) => from + at * 10);
      };
      const curve = (key: string) => steps(key).map((step) => ({ step, time_ms: began + step * 500, value: (/loss|brier/.test(key) ? 0.48 + 0.2 * Math.exp(-step / 18) : 0.74 - 0.2 * Math.exp(-step / 22)) + lift + (next() - 0.5) * 0.02 }));
      return keys.filter((key) => run && key in run.metrics).map((key) => ({ run: one, key, points: curve(key), thinned: long(key) }));
    });
    return { items };
  }, none),
  ...runRoutes,
  on(
    "get",
    "/trash",
    () => ({
      items: [
        { ref: "exp:7", kind: "experiment", name: "scratch", experiment: null, deleted_ms: NOW - 3 * MINUTE, deleted_by: "ana", bytes: 81_204_113, parts: 212 },
        { ref: `run:${id(77)}`, kind: "run", name: "deft-lynx-12", experiment: "1", deleted_ms: NOW - 26 * 60 * MINUTE, deleted_by: "local", bytes: 14_200, parts: 0 },
        { ref: "model:delays:3", kind: "model_version", name: "delays:3", experiment: null, deleted_ms: NOW - 9e8, deleted_by: "", bytes: 1_204_113, parts: 0 },
      ],
    }),
    none,
  ),
  on("post", "/trash/preview", () => ({ freed: { experiments: 1, runs: 213, logged_models: 9, models: 0, model_versions: 1, points: 88_100, rows: 93_412, files: 402, bytes: 79_000_000 }, kept: [{ ref: `run:${id(78)}`, reason: "the model version delays:2 came from it; to purge it, first volano model rm delays:2" }], more: false })),
  on("get", "/trash/retention", () => ({ items: [{ experiment: null, days: 30, actor: "ana", set_ms: NOW - 9e8 }] }), none),
  on("get", "/trash/purges", () => ({ items: [{ id: id(79), actor: "system", cause: "retention", state: "finished", created_ms: NOW - 8e7, finished_ms: NOW - 8e7 + 900, freed: { experiments: 0, runs: 12, logged_models: 2, models: 0, model_versions: 0, points: 1200, rows: 1680, files: 14, bytes: 1_900_000 } }] }), none),
  ...roomRoutes,
];
