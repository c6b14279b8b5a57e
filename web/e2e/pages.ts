/** Every page, with the things that the fixtures hold. */
import { id } from "./base";

export const pages = [
  "/",
  "/data",
  "/data/flights@v4",
  "/data/flights@v4?tab=profile",
  "/data/flights@v4?tab=rows",
  "/data/flights@v4?tab=contract",
  "/data/flights@v4?tab=sql",
  `/data/flights@v4?tab=sql&q=${encodeURIComponent("select carrier, count(*) as n from flights@v4 group by carrier")}`,
  "/runs",
  "/runs?group=params.lr",
  "/runs?nest=1",
  `/r/${id(1000)}`,
  `/r/${id(1000)}?tab=curves`,
  `/r/${id(1000)}?tab=system`,
  ...["explore.ipynb", "notes.md", "table.csv", "predictions.json", "config.json", "report.html", "part.parquet", "source/changes.diff", `m-${id(850)}/MLmodel`].map((path) => `/r/${id(1000)}?tab=artifacts&path=${encodeURIComponent(path)}`),
  "/experiments",
  "/experiments/flights",
  "/traces",
  "/traces/tr-0000000000000000000000000000abcd",
  `/diff/runs?ids=${id(1001)},${id(1002)},${id(1003)}`,
  `/diff/runs?ids=${id(1002)},${id(1003)}&tab=curves&smooth=0.6&lit=${id(1002)}`,
  `/diff/runs?ids=${id(1000)},${id(1001)},${id(1002)},${id(1003)}&tab=parallel`,
  "/diff/runs?experiment=flights&tab=parallel&axes=params.booster,params.lr~log,params.max_depth,metrics.log_loss,metrics.roc_auc&limits=metrics.roc_auc~0.7~0.76",
  "/diff/runs?experiment=flights&tab=scatter&x=params.lr~log&y=metrics.roc_auc&color=params.booster",
  "/pipelines",
  "/pipelines/flights",
  "/pipelines/flights?tab=plan",
  "/pipelines/flights?tab=decisions",
  `/pipeline-runs/${id(3)}`,
  "/models",
  "/models/flights",
  "/models/flights?tab=compare&versions=4,3,1",
  "/models/flights?tab=compare&versions=4,3&all=1",
  "/models/flights?tab=history",
  "/deploy",
  "/deploy/flights-late",
  "/monitor",
  "/monitor/flights-late",
  "/activity",
  "/activity?event=339",
  `/trace/${id(3001)}`,
  "/settings",
  "/settings?tab=webhooks",
  "/settings?tab=trash",
];

/** Runs in the page: what it shows as machines write it, where people read. */
export function raw(): string[] {
  const found: string[] = [];
  const walk = document.createTreeWalker(document.querySelector("main") as Node, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const text = node.textContent ?? "";
    if (node.parentElement?.closest("pre, textarea, code, svg, .cli")) continue;
    if (/\b1[3-9]\d{11}\b/.test(text)) found.push(`milliseconds since the epoch: ${text}`);
    if (/\{"|\[\{|\[object|\bundefined\b|\bNaN\b/.test(text)) found.push(`a value of a program: ${text}`);
    if (/\b[0-9a-f]{32,64}\b/.test(text) && !node.parentElement?.closest("dd, .empty")) found.push(`a whole id: ${text}`);
  }
  return found;
}
