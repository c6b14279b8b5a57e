/** Every page in a real browser: accessible in both themes, still while loading, alone on the network, under the server's policy. */
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch } from "./browser";
import { overview } from "./fixtures";
import { pages, raw } from "./pages";
import { start, type Mock } from "./server";

let browser: Browser;
let mock: Mock;

beforeAll(async () => {
  browser = await launch();
  mock = await start();
});
afterAll(async () => {
  await browser.close();
  await mock.close();
});

interface Watched {
  page: Page;
  /** Console errors, policy violations, exceptions. */
  faults: string[];
  foreign: string[];
}

async function open(theme: "light" | "dark", width = 1440): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, reducedMotion: "reduce", bypassCSP: false });
  const page = await context.newPage();
  const faults: string[] = [];
  const foreign: string[] = [];
  page.on("console", (message) => {
    // A refused request is part of the error state; the page shows it.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(mock.url) && !/^(data|blob):/.test(request.url())) foreign.push(request.url());
  });
  await page.addInitScript(() => {
    const seen = { shift: 0 };
    Object.assign(window, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) if (!entry.hadRecentInput) seen.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  return { page, faults, foreign };
}

async function settled(page: Page, path: string): Promise<void> {
  await page.goto(mock.url + path);
  await page.locator("main h1").waitFor();
  await page.waitForLoadState("load");
  await page.waitForTimeout(200);
}

/** The page's policy forbids scripts from elsewhere, so axe comes in over the debugger. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const result = (await page.evaluate(`axe.run(document, { resultTypes: ["violations"] })`)) as { violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[] };
  return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${JSON.stringify(n.target)} ${n.failureSummary ?? ""}`).join(" | ")}`);
}

describe.each(["light", "dark"] as const)("in %s", (theme) => {
  test("all pages are accessible, still, and alone", async () => {
    mock.mode = "normal";
    const { page, faults, foreign } = await open(theme);
    const found: string[] = [];
    for (const path of pages) {
      await settled(page, path);
      for (const violation of await violations(page)) found.push(`${path}: ${violation}`);
      const shift = await page.evaluate(() => (window as unknown as { seen: { shift: number } }).seen.shift);
      if (shift > 0.001) found.push(`${path}: the layout shifts by ${shift.toFixed(4)}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      if (wide) found.push(`${path}: the page is wider than the window`);
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    expect(foreign).toEqual([]);
    await page.context().close();
  }, 300_000);

  test.each(["empty", "error"] as const)("%s pages are accessible and say what to do", async (mode) => {
    mock.mode = mode;
    const { page, faults } = await open(theme);
    const found: string[] = [];
    for (const path of ["/", "/data", "/runs", "/pipelines", "/models", "/deploy", "/monitor", "/activity", "/data/flights", "/r/00000000000000000000000000000000", "/nowhere"]) {
      await settled(page, path);
      if (mode === "error") await page.waitForTimeout(path === "/" ? 1_800 : 100);
      for (const violation of await violations(page)) found.push(`${path}: ${violation}`);
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await settled(page, "/runs");
    if (mode === "empty") expect(await page.locator(".empty").innerText()).toContain("MLFLOW_TRACKING_URI");
    else {
      await page.getByText("The database does not answer").waitFor();
      mock.mode = "normal";
      await page.getByRole("button", { name: "Try again" }).click();
      await page.locator(".grow-row").first().waitFor();
    }
    await page.context().close();
  }, 300_000);
});

test.each([390, 768, 900])("pages hold at %i pixels", async (width) => {
  mock.mode = "normal";
  const { page } = await open("light", width);
  const found: string[] = [];
  for (const path of pages) {
    await settled(page, path);
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.push(`${path} is wider than the window`);
    const shift = await page.evaluate(() => (window as unknown as { seen: { shift: number } }).seen.shift);
    if (shift > 0.001) found.push(`${path}: the layout shifts by ${shift.toFixed(4)}`);
    // Every room is within reach, and so is what a page can do.
    const lost = await page.evaluate(() => [...document.querySelectorAll(".side a, .topbar button, .head .btn")].filter((el) => el.getBoundingClientRect().right > innerWidth + 1).map((el) => el.getAttribute("aria-label") ?? el.textContent));
    if (lost.length > 0) found.push(`${path}: out of reach: ${lost.join(", ")}`);
  }
  expect(found).toEqual([]);
  await page.context().close();
}, 300_000);

test("nothing is shown as machines write it", async () => {
  mock.mode = "normal";
  const { page } = await open("light");
  const found: string[] = [];
  for (const path of pages) {
    await settled(page, path);
    for (const text of await page.evaluate(raw)) found.push(`${path}: ${text}`);
  }
  expect(found).toEqual([]);
  await page.context().close();
}, 300_000);

test("a panel that fails asks no more often than it should, and the others live on", async () => {
  mock.mode = "normal";
  mock.other.set("/api/v1/runs/search", undefined);
  const { page } = await open("light");
  mock.sent.length = 0;
  await settled(page, "/data/flights@v4");
  await page.getByText("The database does not answer").waitFor();
  await page.waitForTimeout(2_000);
  expect(mock.sent.length).toBeLessThan(7);
  await page.getByText("What changed since v3").waitFor();
  mock.other.clear();
  await page.context().close();
});

test("the loop moves while one looks", async () => {
  mock.mode = "normal";
  const { page } = await open("light");
  await settled(page, "/");
  await page.locator(".loop li.running").getByText("train on 83,410 rows").waitFor();
  mock.other.set("/api/v1/overview", { ...overview, stages: overview.stages.map((stage) => (stage.stage === "train" ? { ...stage, state: "failed", headline: "train failed" } : stage)) });
  mock.notify("step_run");
  // Sooner than the slow tick that covers what makes no notice.
  await page.locator(".loop li.failed").getByText("train failed").waitFor({ timeout: 3_000 });
  mock.other.clear();
  await page.context().close();
});
