/** Runs compared: curves that come as they are needed, zoom that lasts, limits on axes, points, differences of long values. */
import { expect, test } from "vitest";
import { id } from "./base";
import { at, byHand, mock, page } from "./by-hand";

byHand();

const ids = (...numbers: number[]) => numbers.map(id).join(",");
/** What the address says, as one reads it. */
const addressed = (pattern: RegExp) => page.waitForURL((url) => pattern.test(decodeURIComponent(url.search)));
const asked = () => mock.sent.filter((one) => one.path === "/api/v1/runs/curves").map((one) => one.body as { runs: string[]; keys: string[] });
const plot = (name: string) => page.getByRole("group", { name: new RegExp(`^${name}: arrow keys`) });

test("all curves of a screen are one request, more come by scrolling, a word chooses among them", async () => {
  await at(`/diff/runs?tab=curves&ids=${ids(1002, 1003)}`);
  await plot("roc_auc").waitFor();
  expect(asked()).toHaveLength(1);
  expect(asked()[0]?.runs).toEqual([id(1002), id(1003)]);
  expect(asked()[0]?.keys).toHaveLength(12);
  await page.mouse.move(700, 600);
  for (let i = 0; i < 6; i += 1) await page.mouse.wheel(0, 900);
  await plot("grad/layer_23").waitFor();
  expect(asked().flatMap((one) => one.keys)).toHaveLength(29);
  await page.getByLabel("Filter metrics").fill("layer_07, brier");
  await addressed(/metric=layer_07/);
  await plot("grad/layer_07").waitFor();
  await expect.poll(() => page.locator("figure.chart").count()).toBe(2);
});

test("a part of the axis is drawn out, stays while a run goes on, and is left by a double click or a key", async () => {
  await at(`/diff/runs?tab=curves&ids=${ids(1000, 1001)}`);
  await plot("roc_auc").waitFor();
  // What has ended is not asked for again; what goes on has a request of its own.
  expect(asked().map((one) => one.runs)).toEqual(expect.arrayContaining([[id(1000)], [id(1001)]]));
  const over = page.locator(".u-over").first();
  const box = (await over.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await addressed(/zoom=step~/);
  const [from = 0, to = 0] = new URL(page.url()).searchParams.get("zoom")!.split("~").slice(1).map(Number);
  expect(from).toBeCloseTo(30, -1);
  expect(to).toBeCloseTo(60, -1);
  const before = asked().length;
  mock.notify("run");
  await expect.poll(() => asked().length, { timeout: 3_000 }).toBeGreaterThan(before);
  expect(asked().slice(before).every((one) => one.runs.join() === id(1000))).toBe(true);
  // The cursor of a chart whose whole axis is drawn would be at another step here.
  await page.mouse.move(box.x + 3, box.y + 50);
  const step = page.locator("figure.chart header .mono").first();
  await expect.poll(async () => Math.abs(Number(await step.innerText()) - from)).toBeLessThan(3);
  await over.dblclick();
  await page.waitForURL((url) => !url.search.includes("zoom"));
  await plot("roc_auc").focus();
  await page.keyboard.press("+");
  await addressed(/zoom=step~/);
  await page.getByRole("button", { name: "Show all", exact: true }).click();
  await page.waitForURL((url) => !url.search.includes("zoom"));
});

test("a part that is drawn out has the points that the whole left out, and only what has more is asked for again", async () => {
  await at(`/diff/runs?tab=curves&ids=${ids(1002, 1003)}&metric=layer_23,roc_auc`);
  await plot("grad/layer_23").waitFor();
  const told = page.locator("figure.chart", { hasText: "grad/layer_23" }).locator("p.sr");
  expect(await told.innerText()).toContain(": 120 points");
  expect(asked()).toHaveLength(1);
  await at(`/diff/runs?tab=curves&ids=${ids(1002, 1003)}&metric=layer_23,roc_auc&zoom=step~1010~1990`);
  await expect.poll(() => told.innerText()).toContain(": 210 points");
  expect(asked().at(-1)).toMatchObject({ keys: ["grad/layer_23"], from: 1000, to: 2000 });
});

test("one cursor is in all charts, also by keyboard", async () => {
  await at(`/diff/runs?tab=curves&ids=${ids(1001, 1004)}`);
  await plot("roc_auc").focus();
  for (let i = 0; i < 5; i += 1) await page.keyboard.press("ArrowRight");
  await expect.poll(() => page.locator("figure.chart header .mono").allInnerTexts()).toEqual(["4", "4", "4", "4", "4"]);
});

test("a run is lifted from the legend, and the address keeps it", async () => {
  await at(`/diff/runs?tab=curves&ids=${Array.from({ length: 10 }, (_, i) => id(1001 + i)).join(",")}`);
  await plot("roc_auc").waitFor();
  const legend = page.getByRole("group", { name: /^Runs; a chosen one/ });
  expect(await page.locator("figcaption").first().innerText()).toMatch(/^10 lines, [\d.]+ to [\d.]+$/);
  await legend.getByRole("button").first().focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await addressed(new RegExp(`lit=${id(1002)}`));
  expect(await legend.getByRole("button", { name: "calm-heron-1198" }).getAttribute("aria-pressed")).toBe("true");
  await expect.poll(() => page.locator("figcaption").first().innerText()).toContain("calm-heron-1198");
});

test("curves are drawn over time and over another metric", async () => {
  await at(`/diff/runs?tab=curves&ids=${ids(1001, 1004)}&metric=log_loss`);
  await plot("log_loss").waitFor();
  await page.getByRole("button", { name: "relative time" }).click();
  await page.getByRole("button", { name: "log_loss as table" }).click();
  await page.getByRole("columnheader", { name: "relative" }).waitFor();
  await page.getByLabel("Metric as axis").selectOption("roc_auc");
  await addressed(/axis=metric:roc_auc/);
  await page.getByRole("columnheader", { name: "roc_auc" }).waitFor();
  const first = Number(await page.locator("figure.chart tbody td").first().innerText());
  expect(first).toBeGreaterThan(0.4);
  expect(first).toBeLessThan(0.8);
});

test("limits on axes choose runs: by field, by box and by dragging", async () => {
  await at("/diff/runs?experiment=flights&tab=parallel&axes=params.booster,params.lr,metrics.roc_auc");
  await page.getByRole("heading", { name: "First 500 of 960 runs" }).waitFor();
  expect(mock.sent.filter((one) => one.path === "/api/v1/runs/search").at(-1)?.body).toMatchObject({ experiment: "flights", max_results: 500 });
  const said = page.getByRole("status").filter({ hasText: /run/ });
  await page.getByLabel("roc_auc from").fill("0.72");
  await page.keyboard.press("Enter");
  await addressed(/limits=metrics.roc_auc~0.72~/);
  await expect.poll(() => said.innerText()).toMatch(/^1\d\d of 500 runs within the limits$/);
  const some = Number.parseInt(await said.innerText(), 10);
  await page.getByRole("checkbox", { name: "gbdt" }).uncheck();
  await addressed(/params.booster~=dart~=goss/);
  await expect.poll(async () => Number.parseInt(await said.innerText(), 10)).toBeLessThan(some);
  await page.getByRole("button", { name: "Clear limits" }).click();
  await expect.poll(() => said.innerText()).toBe("500 runs");
  const hold = (await page.locator('rect.hold[data-axis="params.lr"]').boundingBox())!;
  await page.mouse.move(hold.x + 14, hold.y + 2);
  await page.mouse.down();
  await page.mouse.move(hold.x + 14, hold.y + hold.height * 0.2, { steps: 4 });
  await page.mouse.up();
  await addressed(/limits=params.lr~/);
  const rates = await page.getByRole("region", { name: "Runs within the limits" }).locator("tbody tr td:nth-of-type(2)").allInnerTexts();
  expect(new Set(rates)).toEqual(new Set(["0.2"]));
});

test("axes are added, moved, made logarithmic and removed without a mouse; one is dragged with it", async () => {
  await at(`/diff/runs?tab=parallel&ids=${ids(1001, 1002, 1003, 1004)}&axes=params.lr,metrics.brier,metrics.roc_auc`);
  const heads = page.locator(".axis-heads > span");
  await heads.first().waitFor();
  await page.getByRole("button", { name: "Move lr right" }).press("Enter");
  await expect.poll(() => heads.allInnerTexts()).toEqual(["brier", "lr", "roc_auc"]);
  await page.getByRole("button", { name: "log scale of lr" }).press("Enter");
  await addressed(/axes=metrics.brier,params.lr~log,metrics.roc_auc/);
  await page.getByLabel("Add an axis").selectOption("params.max_depth");
  await expect.poll(() => heads.allInnerTexts()).toEqual(["brier", "lr log", "roc_auc", "max_depth"]);
  await page.getByRole("button", { name: "Remove brier" }).press("Enter");
  await heads.nth(2).dragTo(heads.nth(0));
  await expect.poll(() => heads.allInnerTexts()).toEqual(["max_depth", "lr log", "roc_auc"]);
});

test("a point tells its run, and Enter opens it", async () => {
  await at("/diff/runs?experiment=flights&tab=scatter&x=params.lr~log&y=metrics.roc_auc&color=params.booster");
  const points = page.getByRole("group", { name: /roc_auc over lr/ });
  await points.getByRole("link").first().focus();
  await page.keyboard.press("ArrowRight");
  const told = await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");
  expect(told).toMatch(/^[a-z]+-[a-z]+-\d+: lr 0.05, roc_auc 0\.\d+, booster (gbdt|dart|goss)$/);
  await page.locator("footer").getByText(told).waitFor();
  await page.getByRole("button", { name: "log scale of y" }).click();
  await addressed(/y=metrics.roc_auc~log/);
  await points.getByRole("link").nth(3).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/r\/[0-9a-f]{32}/);
});

test("tabs keep what was chosen", async () => {
  await at(`/diff/runs?ids=${ids(1001, 1002)}&smooth=0.6`);
  await page.getByRole("link", { name: "Scatter" }).click();
  await page.getByLabel("x", { exact: true }).selectOption("metrics.brier");
  await page.getByRole("link", { name: "Differences" }).click();
  await page.waitForURL((url) => url.searchParams.get("smooth") === "0.6" && url.searchParams.get("x") === "metrics.brier" && !url.searchParams.has("tab"));
});

test("a long value is cut, and shows word by word what is not as in the first run", async () => {
  await at(`/diff/runs?ids=${ids(1001, 1002)}`);
  const row = page.getByRole("row", { name: /features/ });
  expect(await row.locator("ins").count()).toBe(0);
  expect(await row.locator("td").first().innerText()).toMatch(/…$/);
  await row.getByRole("button", { name: "all of features" }).click();
  expect(await row.locator("td").first().innerText()).toMatch(/month$/);
  expect(await row.locator("td ins").count()).toBeGreaterThan(0);
  expect(await row.locator("td del").count()).toBeGreaterThan(0);
  expect(await row.locator("td.other").count()).toBe(1);
});
