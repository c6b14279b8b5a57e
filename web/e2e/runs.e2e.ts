/** Runs gathered, nested, and taken along as CSV. */
import { readFile } from "node:fs/promises";
import axe from "axe-core";
import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import type { RunSearch } from "../src/api/types";
import { parseDelimited } from "../src/lib/delimited";
import { id } from "./base";
import { byHand, mock, page } from "./by-hand";
import { runs } from "./fixtures";

byHand();

const at = async (path: string) => {
  await page.goto(mock.url + path);
  await page.locator(".grow-row").first().waitFor();
};
const row = (index: number): Locator => page.locator(`.grow-row[aria-rowindex="${index + 2}"]`);
const searches = () => mock.sent.filter((one) => one.path === "/api/v1/runs/search").map((one) => one.body as RunSearch);
const violations = async () => {
  await page.evaluate(axe.source);
  const result = (await page.evaluate(`axe.run(document, { resultTypes: ["violations"] })`)) as { violations: { id: string; nodes: { target: unknown }[] }[] };
  return result.violations.map((v) => `${v.id} ${JSON.stringify(v.nodes.slice(0, 2).map((n) => n.target))}`);
};

test("runs are gathered by a parameter, and the address keeps it", async () => {
  await at("/runs");
  await page.getByRole("button", { name: "Group", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Group by" });
  await dialog.getByLabel("Find what to group by").fill("lr");
  await dialog.getByRole("button", { name: /^lr/ }).click();
  await page.waitForURL(/group=params\.lr/);
  await page.getByText("4 groups of 1,200 runs, those of most runs first").waitFor();
  expect(mock.sent.find((one) => one.path === "/api/v1/runs/groups")?.body).toMatchObject({ by: "params.lr", metrics: expect.arrayContaining(["roc_auc"]) as unknown });
  await page.reload();
  await row(0).getByText(/^0\.\d+/).first().waitFor();
  const mean = page.locator(".grow-row.group [title^='mean of']").first();
  expect(await mean.getAttribute("title")).toMatch(/^mean of \d+ runs, from 0\.66\d\d to 0\.7[45]\d\d$/);
  expect(await violations()).toEqual([]);
});

test("a group opens by key and shows its runs, those without a value too", async () => {
  await at("/runs?group=params.lr");
  await row(3).waitFor();
  const lacking = runs.filter((run) => run.params.lr === undefined);
  await page.keyboard.press("End");
  expect(await row(3).innerText()).toContain(`no lr\n${lacking.length} runs`);
  await page.keyboard.press("ArrowRight");
  await row(4).getByRole("link", { name: lacking[0]?.name, exact: true }).waitFor();
  expect(searches().at(-1)?.filter).toBe("params.lr IS NULL");
  expect([await row(3).getAttribute("aria-expanded"), await row(4).getAttribute("aria-level"), await row(4).getAttribute("aria-expanded")]).toEqual(["true", "2", null]);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("x");
  await page.getByText("1 selected").waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await row(4).waitFor({ state: "detached" });
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await row(1).locator("a").waitFor();
  expect(searches().at(-1)?.filter).toMatch(/^params\.lr = '0\.\d+'$/);
  // The last run of a group of hundreds, straight away.
  await page.keyboard.press("End");
  await page.keyboard.press("k");
  await page.keyboard.press("k");
  await page.keyboard.press("k");
  await page.locator(".grow-row.at a").waitFor();
});

test("groups are ordered by the mean of the metric", async () => {
  await at("/runs?group=params.lr&sort=metrics.roc_auc%3Adesc");
  await page.getByText("by the mean of roc_auc").waitFor();
  const means = (await page.locator(".grow-row.group [role=gridcell].num:nth-child(3)").allInnerTexts()).map(Number.parseFloat);
  expect(means).toHaveLength(4);
  expect([...means].sort((a, b) => b - a)).toEqual(means);
});

test("more groups than an answer has are said", async () => {
  mock.other.set("/api/v1/runs/groups", { items: Array.from({ length: 1000 }, (_, i) => ({ value: `v${i}`, runs: 1, metrics: {} })), more: true });
  await at("/runs?group=params.lr");
  await page.getByText("the 1,000 groups of most runs of 1,200 runs, those of most runs first; there are more groups, a filter shows them").waitFor();
  expect(await page.locator(".grow-row").count()).toBeLessThan(80);
  await page.keyboard.press("End");
  await page.getByText("v999", { exact: true }).waitFor();
});

test("nested runs stand below the run that started them, level by level", async () => {
  await at("/runs");
  await page.getByRole("button", { name: "Nested" }).click();
  await page.waitForURL(/nest=1/);
  await page.getByText("968 top-level of 1,200 runs, sorted by the server").waitFor();
  expect(searches().at(-1)).toMatchObject({ filter: "tags.`mlflow.parentRunId` IS NULL", children: true });
  await row(2).getByText("230 runs").waitFor();
  expect([await row(1).getAttribute("aria-expanded"), await row(2).getAttribute("aria-expanded")]).toEqual([null, "false"]);
  await row(2).locator(".twig").click();
  await row(3).locator("a").waitFor();
  expect(await row(3).getAttribute("aria-level")).toBe("2");
  expect(await row(3).innerText()).toContain(runs[3]?.name);
  // 37 rows further down is the one that has two of its own; it is not drawn yet.
  for (let i = 0; i < 38; i += 1) await page.keyboard.press("j");
  await page.keyboard.press("ArrowRight");
  await row(41).locator("a").waitFor();
  expect(await row(41).getAttribute("aria-level")).toBe("3");
  expect(await row(41).innerText()).toContain(runs[241]?.name);
  expect(await row(43).innerText()).toContain(runs[41]?.name);
  expect(await violations()).toEqual([]);
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  expect(await row(41).innerText()).toContain(runs[41]?.name);
  // The rows after all that is open are those of the list itself; the heads of the columns stay in view.
  const head = () => page.getByRole("columnheader", { name: "roc_auc" }).boundingBox();
  await page.keyboard.press("Home");
  const before = await head();
  await page.keyboard.press("End");
  await page.getByText("pale-finch-1", { exact: true }).waitFor();
  expect(await head()).toEqual(before);
});

test("what is open stays with its run while new runs come before it", async () => {
  await at("/runs?nest=1");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowRight");
  await row(3).getByRole("link", { name: runs[3]?.name, exact: true }).waitFor();
  const [first] = runs;
  if (first) runs.unshift({ ...first, id: id(5000), name: "new-vole-1", tags: {} });
  mock.notify("run");
  await row(0).getByRole("link", { name: "new-vole-1" }).waitFor();
  await row(4).getByRole("link", { name: runs[4]?.name, exact: true }).waitFor();
  expect([await row(2).getAttribute("aria-expanded"), await row(3).getAttribute("aria-expanded"), await row(4).getAttribute("aria-level")]).toEqual([null, "true", "2"]);
  runs.shift();
});

test("a filter that cannot be read is shown with its place, also where it is a part of a longer one", async () => {
  mock.refused.set("/api/v1/runs/search", { type: "about:blank", title: "Invalid", status: 400, detail: "a metric is compared with a number", code: "invalid", field: "filter", span: { start: 15, end: 18 } });
  await page.goto(`${mock.url}/runs?nest=1&status=failed&cols=metrics.roc_auc&filter=metrics.auc+%3E+%27x%27`);
  await page.getByText("a metric is compared with a number").waitFor();
  expect(searches().at(-1)?.filter).toBe("(metrics.auc > 'x') and (attributes.status = 'FAILED') and (tags.`mlflow.parentRunId` IS NULL)");
  expect(await page.locator(".filter-fault mark").innerText()).toBe("'x'");
});

test("grouping ends nesting, and a view keeps either", async () => {
  await at("/runs?nest=1");
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "state" }).click();
  await page.waitForURL(/group=status/);
  expect(page.url()).not.toContain("nest");
  await page.getByRole("button", { name: "By state" }).waitFor();
  await page.keyboard.press("v");
  await page.getByLabel("Name of the new view").fill("by state");
  await page.getByRole("button", { name: "Keep" }).click();
  await page.getByRole("button", { name: "by state", exact: true }).waitFor();
  expect(mock.sent.find((one) => one.path === "/api/v1/views")?.body).toMatchObject({ group_by: "status", nested: false });
  await page.waitForURL(/group=status.*view=/);
  await page.getByRole("button", { name: "Nested" }).click();
  await page.waitForURL(/nest=1/);
  expect(page.url()).not.toContain("group");
});

test("all runs that match leave as CSV, harmless to a spreadsheet", async () => {
  const hostile = '=HYPERLINK("http://evil.example","a, b")';
  const before = runs[5]?.name ?? "";
  if (runs[5]) runs[5].name = hostile;
  await at("/runs?cols=metrics.roc_auc,params.lr,experiment");
  await page.getByRole("button", { name: "CSV" }).click();
  await page.getByText("1,200 runs that match").waitFor();
  expect(await violations()).toEqual([]);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  expect(download.suggestedFilename()).toMatch(/^runs-all-\d{4}-\d\d-\d\d\.csv$/);
  const text = await readFile(await download.path(), "utf8");
  if (runs[5]) runs[5].name = before;
  const table = parseDelimited(text, ",", 5_000);
  expect(table.columns).toEqual(["run_id", "run_name", "status", "start_time", "duration_ms", "metrics.roc_auc", "params.lr", "experiment"]);
  expect(table.rows).toHaveLength(1200);
  expect(table.rows[5]?.[1]).toBe(`'${hostile}`);
  expect(table.rows[1]).toEqual([runs[1]?.id, runs[1]?.name, "finished", new Date(runs[1]?.start_ms ?? 0).toISOString(), String((runs[1]?.end_ms ?? 0) - (runs[1]?.start_ms ?? 0)), String(runs[1]?.metrics.roc_auc), runs[1]?.params.lr, "flights"]);
  await page.getByText("1,200 runs saved as CSV").waitFor();
});

test("nested runs leave with the run that each is nested in", async () => {
  await at("/runs?nest=1&cols=metrics.roc_auc&filter=otter");
  await page.getByRole("button", { name: "CSV" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  const table = parseDelimited(await readFile(await download.path(), "utf8"), ",", 5_000);
  expect(table.columns.at(-1)).toBe("tags.mlflow.parentRunId");
  const otters = runs.filter((run) => run.name.includes("otter"));
  expect(table.rows.map((cells) => cells.at(-1))).toEqual(otters.map((run) => run.tags["mlflow.parentRunId"] ?? ""));
});

test("CSV comes page by page, says how far it is, and can be stopped", async () => {
  let asked = 0;
  await page.route("**/api/v1/runs/search", async (route) => {
    const body = route.request().postDataJSON() as RunSearch;
    if (body.max_results !== 2_000) return route.continue();
    asked += 1;
    // The second page never comes.
    if (body.page_token) return undefined;
    return route.fulfill({ json: { items: runs.slice(0, 700), next_page_token: "700" } });
  });
  await at("/runs?experiment=flights");
  await page.getByRole("button", { name: "CSV" }).click();
  await page.getByText(/volano exp export flights --order-by 'attributes.start_time DESC' --columns run_id,name,status,start_time,duration,metrics.roc_auc/).waitFor();
  await page.getByRole("button", { name: "Download" }).click();
  await page.getByText("700 of 960 runs").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Download" }).waitFor();
  expect(asked).toBe(2);
});
