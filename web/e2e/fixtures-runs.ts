/** What hangs on a run, the history of a model's aliases, webhooks: with hostile texts where people may write. */
import type { ExperimentDetail, RunLinks, VersionContents, Webhook } from "../src/api/types";
import { id, none, NOW, on, onText, type Route } from "./base";

const HOUR = 3_600_000;

/** What an attacker would write into a note, a notebook or a table. */
export const HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';

export const NOTE = `# Why this run

Depth **8** was too much, see [the issue](https://example.org/issues/4) and [this](javascript:window.pwned=1).

- [x] early stopping
- [ ] more months

| metric | before | now |
|---|---:|---:|
| roc_auc | 0.7121 | 0.7183 |

\`\`\`python
model = HistGradientBoostingClassifier(max_leaf_nodes=31)
\`\`\`

${HOSTILE}
`;

const links: RunLinks = {
  deleted: false,
  artifact_uri: `mlflow-artifacts:/1/${id(1000)}/artifacts`,
  datasets: [
    { name: "flights", digest: "2a1fd4c0", context: "training", source_type: "http", source: '{"uri": "volano:flights@v4"}', schema: JSON.stringify({ mlflow_colspec: [{ type: "long", name: "dep_hour" }, { type: "string", name: "carrier" }] }), profile: '{"num_rows": 83410, "num_elements": 1167740}' },
    { name: "holdout", digest: "77aa01bc", context: "test", source_type: "local", source: '{"uri": "/data/holdout.parquet"}', schema: null, profile: null },
  ],
  models_read: [],
  models: [{ id: `m-${id(850)}`, name: "model", model_type: "", status: "ready", run: id(1000), created_ms: NOW - HOUR, params: {}, metrics: { roc_auc: 0.7183 }, registered: [{ name: "flights", version: 3, aliases: ["champion"] }] }],
  versions: [{ name: "flights", version: 3, aliases: ["champion"] }],
  parent: { id: id(1001), name: "deft-lynx-1199", status: "finished", start_ms: NOW - 2 * HOUR },
  children: [{ id: id(1002), name: "calm-heron-1198", status: "finished", start_ms: NOW - HOUR }],
};

const experiment: ExperimentDetail = { id: "1", name: "flights", deleted: false, artifact_uri: "mlflow-artifacts:/1", created_ms: NOW - 9e7, updated_ms: NOW, tags: { "mlflow.note.content": NOTE, owner: "ana" } };

const contents = (version: number): VersionContents => ({
  files: [{ path: "MLmodel", size: 812 }, { path: "model.pkl", size: 481_234 }],
  inputs: [{ name: "dep_hour", type: "long", required: true }, { name: "temp", type: "double", required: version < 3 }],
  outputs: [{ name: "", type: "double", required: true }],
  params: [],
  flavors: [{ name: "python_function", version: "" }, { name: "sklearn", version: version > 2 ? "1.7.2" : "1.6.1" }],
  python: "3.12.3",
  requirements: ["mlflow==3.17.2", version > 2 ? "scikit-learn==1.7.2" : "scikit-learn==1.6.1"],
  problem: null,
});

const hook = (n: number, active: boolean): Webhook => ({ id: id(700 + n), name: n === 1 ? "chat" : "pager", description: n === 1 ? "tells the team" : "", url: `https://hooks.example.org/${n}`, events: ["model_version.created", "model_version_alias.created"], status: active ? "active" : "disabled", signed: active, creator: "ana", created_ms: NOW - 40 * HOUR, updated_ms: NOW - HOUR });
const events = ["registered_model.created", "model_version.created", "model_version_tag.set", "model_version_tag.deleted", "model_version_alias.created", "model_version_alias.deleted", "prompt.created", "prompt_version.created"];

const files: Record<string, string> = {
  "explore.ipynb": JSON.stringify({
    cells: [
      { cell_type: "markdown", source: ["# Delays by hour\n", HOSTILE] },
      {
        cell_type: "code",
        execution_count: 1,
        source: "df.groupby('dep_hour').late.mean()",
        outputs: [
          { output_type: "execute_result", data: { "text/plain": "dep_hour\n5    0.08\n6    0.10\n17   0.27" } },
          { output_type: "display_data", data: { "text/html": `<table><tr><th>hour</th><th>late</th></tr><tr><td>5</td><td>0.08${HOSTILE}</td></tr></table>`, "text/plain": "" } },
          { output_type: "display_data", data: { "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><script>window.pwned=1</script><rect width="60" height="20" fill="teal"/></svg>' } },
        ],
      },
    ],
  }),
  "notes.md": NOTE,
  "table.csv": `name,late\nEWR,0.31\n"${HOSTILE.replaceAll('"', '""')}",0.2\n`,
  "predictions.json": JSON.stringify({ columns: ["carrier", "late"], data: [["UA", 0.21], [HOSTILE, 0.4]] }),
  "config.json": JSON.stringify({ model: { depth: 8, names: ["a", HOSTILE] }, seed: 3 }),
  "log.txt": "reading 111,278 rows\nfit: 100 iterations\n",
  "source/changes.diff": "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n-depth = 6\n+depth = 8\n",
};

export const runRoutes: Route[] = [
  on("get", "/runs/{id}/links", () => links),
  on("delete", "/runs/{id}", () => ({}) as unknown as undefined),
  on("post", "/runs/{id}/restore", () => undefined),
  on("get", "/experiments/{experiment}", () => experiment),
  on("post", "/experiments", () => experiment),
  on("patch", "/experiments/{experiment}", () => experiment),
  on("delete", "/experiments/{experiment}", () => ({}) as unknown as undefined),
  on("post", "/experiments/{experiment}/restore", () => ({}) as unknown as undefined),
  on("get", "/logged-models/{id}/artifacts", () => ({ items: [{ path: "MLmodel", is_dir: false, size: 812 }, { path: "model.pkl", is_dir: false, size: 481_234 }] })),
  onText("/logged-models/{id}/artifact", () => "flavors:\n  sklearn: {}\n"),
  on("get", "/runs/{id}/artifacts", (_p, url) => ({
    items:
      url.searchParams.get("path") === "source"
        ? [{ path: "source/changes.diff", is_dir: false, size: 94 }]
        : url.searchParams.get("path")
          ? ["model/MLmodel", "model/requirements.txt", "model/model.pkl"].map((path, i) => ({ path, is_dir: false, size: 900 * (i * i * 300 + 1) }))
          : [{ path: "model", is_dir: true, size: null }, { path: "source", is_dir: true, size: null }, ...["config.json", "explore.ipynb", "log.txt", "notes.md", "part.parquet", "predictions.json", "report.html", "table.csv"].map((path, i) => ({ path, is_dir: false, size: 1_204 * (i + 1) }))],
  })),
  onText("/runs/{id}/artifact", (_p, url) => files[url.searchParams.get("path") ?? ""] ?? "artifact_path: model\nflavors:\n  sklearn: {}\n"),
  onText("/runs/{id}/artifact/page", () => `<!doctype html><title>report</title><h1>Report</h1>${HOSTILE}`),
  on("get", "/runs/{id}/artifact/rows", (_p, url) => {
    const offset = Number(url.searchParams.get("offset") ?? 0);
    return { columns: ["carrier", "late"], rows: Array.from({ length: 100 }, (_, i) => ["UA", (offset + i) / 1000]), total: 250 };
  }),
  on("get", "/models/{name}/history", () => ({
    items: [
      { alias: "champion", change: "set", version: 3, previous: 2, time_ms: NOW - HOUR, actor: "ana", reason: "fewer false alarms in the evening" },
      { alias: "challenger", change: "set", version: 4, previous: null, time_ms: NOW - 2 * HOUR, actor: "system", reason: "" },
      { alias: "champion", change: "rolled_back", version: 2, previous: 4, time_ms: NOW - 9 * HOUR, actor: "ben", reason: HOSTILE },
    ],
  }), none),
  on("get", "/models/{name}/versions/{version}/contents", (p) => contents(Number(p.version))),
  on("get", "/webhooks", () => ({ items: [hook(1, true), hook(2, false)], events }), () => ({ items: [], events })),
  on("post", "/webhooks", () => hook(1, true)),
  on("post", "/webhooks/{id}/test", () => ({ success: true, status: 200, body: "", error: "" })),
  on("get", "/webhooks/{id}/deliveries", () => ({
    items: [
      { id: id(720), event: "model_version.created", state: "delivered", attempts: 1, next_ms: null, created_ms: NOW - HOUR, finished_ms: NOW - HOUR, status: 200, error: "" },
      { id: id(721), event: "model_version_alias.created", state: "pending", attempts: 2, next_ms: NOW + 60_000, created_ms: NOW - 60_000, finished_ms: null, status: 503, error: "it answered 503" },
    ],
  })),
];
