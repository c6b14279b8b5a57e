/** The pages of a real server, with what it holds: VOLANO_URL=http://127.0.0.1:5000 npm run e2e -- live */
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch } from "./browser";
import { raw } from "./pages";

const server = process.env.VOLANO_URL?.replace(/\/$/, "");
let browser: Browser;

beforeAll(async () => {
  if (server) browser = await launch();
});
afterAll(() => browser?.close());

async function api<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(`${server}/api/v1${path}`, init);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

interface List<T> {
  items: T[];
}

/** Every room, and in each the first thing there is. */
async function addresses(): Promise<string[]> {
  const named = async (path: string) => (await api<List<{ name: string }>>(path)).items.map((item) => encodeURIComponent(item.name));
  const out = ["/", "/data", "/runs", "/pipelines", "/models", "/deploy", "/monitor", "/activity", "/settings", "/settings?tab=webhooks"];
  for (const name of await named("/datasets")) for (const tab of ["", "profile", "rows", "contract", "files"]) out.push(`/data/${name}${tab && `?tab=${tab}`}`);
  const runs = await api<List<{ id: string }>>("/runs/search", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ max_results: 2 }) });
  const ids = runs.items.map((run) => run.id);
  for (const id of ids.slice(0, 1)) {
    out.push(`/r/${id}`, `/r/${id}?tab=curves`, `/r/${id}?tab=system`, `/r/${id}?tab=artifacts`);
    for (const file of (await api<List<{ path: string; is_dir: boolean }>>(`/runs/${id}/artifacts`)).items) if (!file.is_dir) out.push(`/r/${id}?tab=artifacts&path=${encodeURIComponent(file.path)}`);
  }
  for (const name of await named("/experiments")) out.push(`/experiments/${name}`);
  if (ids.length > 1) out.push(`/diff/runs?ids=${ids.join(",")}`);
  for (const name of await named("/pipelines")) {
    out.push(`/pipelines/${name}`, `/pipelines/${name}?tab=decisions`);
    for (const run of (await api<List<{ id: string }>>(`/pipelines/${name}/runs`)).items.slice(0, 2)) out.push(`/pipeline-runs/${run.id}`);
  }
  for (const name of await named("/models")) out.push(`/models/${name}`, `/models/${name}?tab=compare`, `/models/${name}?tab=history`);
  for (const name of await named("/deployments")) {
    out.push(`/deploy/${name}`, `/monitor/${name}`);
    for (const made of (await api<List<{ id: string }>>(`/deployments/${name}/predictions?limit=1`)).items) out.push(`/trace/${made.id}`);
  }
  return out;
}

test.skipIf(!server)(
  "every page of the server loads whole, accessible, under its policy",
  async () => {
    const found: string[] = [];
    const list = await addresses();
    for (const theme of ["light", "dark"] as const) {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: theme, reducedMotion: "reduce" });
      let at = "";
      // An HTML file among the artifacts is shown in a sandbox, which says what it does not let run.
      page.on("console", (m) => m.type() === "error" && !/^(Failed to load resource|Blocked script execution)/.test(m.text()) && found.push(`${at}: ${m.text()}`));
      page.on("pageerror", (error) => found.push(`${at}: ${error}`));
      page.on("request", (r) => !r.url().startsWith(server ?? "") && !/^(data|blob):/.test(r.url()) && found.push(`${at}: asks ${r.url()}`));
      page.on("response", (r) => r.status() >= 400 && !isAbsence(r.status(), r.url()) && found.push(`${at}: ${r.url()} answered ${r.status()}`));
      for (at of list) {
        await page.goto(server + at);
        await page.locator("main h1").waitFor();
        await page.waitForTimeout(400);
        for (const fault of await page.locator("main [role=alert]").allInnerTexts()) found.push(`${at}: shows ${fault.replaceAll("\n", " ")}`);
        for (const text of await page.evaluate(raw)) found.push(`${at}: ${text}`);
        await page.evaluate(axe.source);
        const result = (await page.evaluate(`axe.run(document, { resultTypes: ["violations"] })`)) as { violations: { id: string; nodes: { target: unknown }[] }[] };
        for (const v of result.violations) found.push(`${at}: ${v.id} ${JSON.stringify(v.nodes.slice(0, 2).map((n) => n.target))}`);
      }
      await page.close();
    }
    expect(found).toEqual([]);
  },
  600_000,
);

/** A data set without a contract or profile, and a deployment that is not watched yet, answer 404; the page says so in words. */
function isAbsence(status: number, url: string): boolean {
  return status === 404 && /\/(contract|profile|rows|monitor)(\?|$)/.test(url);
}
