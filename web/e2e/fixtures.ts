/** A project in the middle of its life: the flights of the example, with figures in their true range. */

import type { OverviewData, Run, RunSearch, ServerInfo } from "../src/api/types";
import { id, none, NOW, on, onText, random, type Route } from "./base";
import { roomRoutes } from "./fixtures-rooms";

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

export const runs = (() => {
  const next = random(7);
  return Array.from({ length: 1200 }, (_, i): Run => {
    const auc = 0.66 + next() * 0.09;
    const failed = next() < 0.03;
    const start = NOW - (i * 7 + 2) * MINUTE;
    return {
      id: id(1000 + i),
      name: `${names[i % names.length]}-${1200 - i}`,
      experiment: i % 5 === 4 ? "2" : "1",
      user: "ana",
      status: i === 0 ? "running" : failed ? "failed" : "finished",
      start_ms: start,
      end_ms: i === 0 ? null : start + Math.round(9_000 + next() * 30_000),
      metrics: failed ? {} : { roc_auc: auc, average_precision: auc - 0.25 + next() * 0.02, log_loss: 0.52 - (auc - 0.66), brier: 0.165 - (auc - 0.66) / 4, training_score: auc + 0.03 },
      params: { lr: ["0.05", "0.1", "0.2"][Math.floor(next() * 3)]!, max_leaf_nodes: String([15, 31, 63][Math.floor(next() * 3)]), seed: String(1 + (i % 3)), early_stopping: "auto" },
      tags: { "volano.step": "train" },
    };
  });
})();

export const routes: Route[] = [
  on("get", "/server", () => server, () => server),
  on("get", "/overview", () => overview, () => ({ stages: [], attention: [], serving: [] })),
  on("get", "/experiments", () => ({ items: [{ id: "1", name: "flights", created_ms: NOW - 9e7, updated_ms: NOW }, { id: "2", name: "explore", created_ms: NOW - 8e7, updated_ms: NOW }] }), none),
  on(
    "post",
    "/runs/search",
    (_p, _u, body) => {
      const search = body as RunSearch;
      const wanted = search.filter?.match(/%(.*)%/)?.[1];
      const all = runs.filter((run) => (!search.experiment || (search.experiment === "explore") === (run.experiment === "2")) && (!wanted || run.name.includes(wanted)));
      const from = Number(search.page_token ?? 0);
      const items = all.slice(from, from + (search.max_results ?? 100));
      const end = from + items.length;
      return { items, next_page_token: end < all.length ? String(end) : undefined };
    },
    none,
  ),
  on("get", "/runs/{id}", (p) => runs.find((run) => run.id === p.id)),
  on("post", "/runs/compare", (_p, _u, body) => {
    const wanted = (body as { runs: string[] }).runs.map((one) => runs.find((run) => run.id === one));
    return { runs: wanted.filter((run) => run !== undefined), differing_params: ["lr"], differing_metrics: ["roc_auc"] };
  }),
  on("get", "/runs/{id}/metrics", (p, url) => {
    const next = random(Number.parseInt(String(p.id).slice(-6), 16));
    const loss = /loss|brier/.test(url.searchParams.get("key") ?? "");
    return { items: Array.from({ length: 120 }, (_, step) => ({ step, time_ms: NOW - (120 - step) * 500, value: (loss ? 0.48 + 0.2 * Math.exp(-step / 18) : 0.74 - 0.2 * Math.exp(-step / 22)) + (next() - 0.5) * 0.02 })) };
  }),
  on("get", "/runs/{id}/artifacts", (_p, url) => ({
    items: url.searchParams.get("path")
      ? ["model/MLmodel", "model/requirements.txt", "model/model.pkl"].map((path, i) => ({ path, is_dir: false, size: 900 * (i * i * 300 + 1) }))
      : [{ path: "model", is_dir: true, size: null }, { path: "explore.ipynb", is_dir: false, size: 14_200 }, { path: "log.txt", is_dir: false, size: 1_204 }],
  })),
  onText("/runs/{id}/artifact", (_p, url) => (url.searchParams.get("path")?.endsWith(".ipynb") ? JSON.stringify({ cells: [{ cell_type: "markdown", source: "# Delays by hour" }, { cell_type: "code", execution_count: 1, source: "df.groupby('dep_hour').late.mean()", outputs: [{ output_type: "execute_result", data: { "text/plain": "dep_hour\n5    0.08\n6    0.10\n17   0.27" } }] }] }) : "artifact_path: model\nflavors:\n  sklearn: {}\n")),
  ...roomRoutes,
];
