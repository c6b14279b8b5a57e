/** The page by keyboard alone, and the promises that need a click: compare, verify, undo. */
import { expect, test } from "vitest";
import { at, byHand, mock, page } from "./by-hand";

byHand();

test("go keys reach every room", async () => {
  await at("/");
  for (const [key, path] of [["d", "/data"], ["e", "/runs"], ["p", "/pipelines"], ["m", "/models"], ["s", "/deploy"], ["w", "/monitor"], ["a", "/activity"], ["o", "/"]] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.waitForURL(mock.url + path);
  }
});

test("rows are walked, selected, compared and opened without a mouse", async () => {
  await at("/runs");
  await page.locator(".grow-row").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("c");
  await page.waitForURL(/\/diff\/runs\?ids=[0-9a-f]{32},[0-9a-f]{32}/);
  await page.getByText("2 runs compared").waitFor();
  await page.goBack();
  await page.locator(".grow-row").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/r\/[0-9a-f]{32}/);
});

test("the slash filters, the filter is in the address", async () => {
  await at("/runs");
  await page.locator(".grow-row").first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("otter");
  await page.keyboard.press("Enter");
  await page.waitForURL(/filter=otter/);
  await page.getByText(/of 150 runs|150 runs/).waitFor();
  expect(mock.sent.at(-1)?.body).toMatchObject({ filter: "attributes.run_name ILIKE '%otter%'" });
});

test("the end of a long list is one key away, and only what is seen is loaded", async () => {
  await at("/runs");
  await page.locator(".grow-row").first().waitFor();
  await page.getByText("1,200 runs, sorted by the server").waitFor();
  mock.sent.length = 0;
  await page.keyboard.press("End");
  await page.getByText("pale-finch-1", { exact: true }).waitFor();
  expect(mock.sent.filter((one) => one.path === "/api/v1/runs/search").map((one) => (one.body as { offset: number }).offset)).not.toContain(400);
});

test("a head sorts, columns are chosen, and the address holds both", async () => {
  await at("/runs");
  await page.locator(".grow-row").first().waitFor();
  await page.getByRole("columnheader", { name: "roc_auc" }).getByRole("button").click();
  await page.waitForURL(/sort=metrics.roc_auc%3Adesc/);
  expect(mock.sent.filter((one) => one.path === "/api/v1/runs/search").at(-1)?.body).toMatchObject({ order_by: ["metrics.roc_auc DESC"] });
  await page.getByRole("button", { name: "Columns" }).click();
  const dialog = page.getByRole("dialog", { name: "Columns" });
  await dialog.getByRole("checkbox", { name: /^volano.step/ }).check();
  await page.waitForURL(/cols=.*tags.volano.step/);
  await page.keyboard.press("Escape");
  await page.reload();
  await page.getByRole("columnheader", { name: "volano.step" }).waitFor();
  expect(await page.getByRole("columnheader", { name: "roc_auc" }).getAttribute("aria-sort")).toBe("descending");
});

test("a filter that cannot be read is shown with its place", async () => {
  const fault = { type: "about:blank", title: "Invalid", status: 400, detail: "a metric is compared with a number", code: "invalid", field: "filter", span: { start: 14, end: 17 } };
  mock.refused.set("/api/v1/runs/search", fault);
  await at("/runs?cols=metrics.roc_auc&filter=metrics.auc+%3E+%27x%27");
  const alert = page.locator(".filter-fault");
  await alert.getByText("a metric is compared with a number").waitFor();
  expect(await alert.locator("mark").innerText()).toBe("'x'");
  mock.refused.clear();
});

test("a view is opened, changed and kept under another name", async () => {
  await at("/runs");
  await page.locator(".grow-row").first().waitFor();
  await page.keyboard.press("v");
  await page.getByRole("dialog", { name: "Views" }).getByRole("link", { name: "best by AUC" }).click();
  await page.waitForURL(/experiment=flights&sort=metrics.roc_auc%3Adesc&cols=.*view=/);
  await page.getByRole("button", { name: "best by AUC", exact: true }).waitFor();
  await page.getByRole("columnheader", { name: "lr" }).getByRole("button").click();
  await page.getByRole("button", { name: "best by AUC, changed" }).click();
  await page.getByLabel("Name of the new view").fill("by rate");
  await page.getByRole("button", { name: "Keep" }).click();
  await page.getByRole("button", { name: "by rate", exact: true }).waitFor();
  expect(mock.sent.find((one) => one.path === "/api/v1/views")?.body).toMatchObject({ name: "by rate", experiment: "1", order_by: ["params.lr DESC"] });
});

test("the palette finds a model and gives focus back", async () => {
  await at("/");
  await page.keyboard.press("Control+k");
  await page.getByRole("option", { name: /model flights/ }).waitFor();
  await page.keyboard.type("model flights");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${mock.url}/models/flights`);
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  expect(await page.locator("dialog[open]").count()).toBe(0);
});

test("help lists the keys of this page", async () => {
  await at("/runs");
  await page.locator(".grow-row").first().waitFor();
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keys" });
  await dialog.getByText("Compare the selection").waitFor();
  await dialog.getByText("Copy the command of this view").waitFor();
});

test("t turns the light, and a reload keeps it", async () => {
  await at("/settings");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await ground();
  await page.keyboard.press("t");
  const after = await ground();
  expect(after).not.toBe(before);
  await page.reload();
  await page.locator("main h1").waitFor();
  expect(await ground()).toBe(after);
});

test("the point copies the command of the view", async () => {
  await at("/models/flights");
  await page.getByText("Versions").waitFor();
  await page.keyboard.press(".");
  await page.getByText("Copied: volano model show flights").waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("volano model show flights");
});

test("one grid is one Tab stop, and focus is visible", async () => {
  await at("/models");
  await page.locator(".grow-row").first().waitFor();
  const stops: string[] = [];
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const el = document.activeElement as HTMLElement;
      if (el.dataset.seen) return "seen";
      el.dataset.seen = "1";
      const ring = getComputedStyle(el).outlineStyle !== "none" || el.matches(".grid, dialog input");
      return `${el.getAttribute("role") ?? el.tagName}${ring ? "" : " without a ring"}`;
    });
    if (stop === "seen" || stop.startsWith("BODY")) break;
    stops.push(stop);
  }
  expect(stops.filter((s) => s === "grid")).toHaveLength(1);
  expect(stops.filter((s) => s.includes("without"))).toEqual([]);
});

test("the audit chain is checked in this browser, and a change shows", async () => {
  await at("/activity");
  await page.getByRole("button", { name: "Verify chain" }).click();
  await page.getByText("340 events intact, checked here").waitFor();
  await page.route("**/api/v1/audit?*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace('"rows":111278', '"rows":111279') });
  });
  await page.getByRole("button", { name: "Verify chain" }).click();
  await page.getByText(/broken at event \d+: its contents do not match its hash/).waitFor();
});

test("an address of an old event shows it, and Escape closes it", async () => {
  await at("/activity?event=12");
  const event = page.getByRole("heading", { name: "Event 12" });
  await event.waitFor();
  await page.keyboard.press("Escape");
  await event.waitFor({ state: "detached" });
  await page.waitForURL(`${mock.url}/activity`);
});

test("an alias is moved with a reason, and undo takes it back", async () => {
  await at("/models/flights");
  await page.getByRole("button", { name: "Promote version 4" }).click();
  const dialog = page.getByRole("dialog", { name: "Point an alias at flights:4" });
  expect(await dialog.getByRole("button", { name: "Move" }).isDisabled()).toBe(true);
  await dialog.getByLabel("Why").fill("fewer false alarms");
  await dialog.getByRole("button", { name: "Move" }).click();
  await page.getByText("flights:4 is champion").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("champion points at flights:3 again").waitFor();
  expect(mock.sent.slice(-2)).toMatchObject([
    { path: "/api/v1/models/flights/promote", body: { version: 4, alias: "champion", reason: "fewer false alarms" } },
    { path: "/api/v1/models/flights/rollback", body: { alias: "champion", reason: "undone at once" } },
  ]);
});

test("a deployment is tried with its example and leads to the trace", async () => {
  await at("/deploy/flights-late");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByLabel("Answer").getByText("0.2731").waitFor();
});

test("a query runs with Ctrl Enter, is in the address, and its rows are a file", async () => {
  await at("/data/flights@v4?tab=sql");
  const text = page.getByLabel("SQL", { exact: true });
  expect(await text.inputValue()).toContain("FROM flights@v4");
  mock.sent.length = 0;
  await text.fill("select carrier,\n  count(*) as n from flights@v4 group by carrier");
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/tab=sql&q=select\+carrier/);
  const rows = page.getByRole("region", { name: "Rows of the answer" });
  await rows.getByText("58665").waitFor();
  await page.getByText("the first 7; download for all").waitFor();
  expect(mock.sent.map((one) => one.body)).toEqual([{ sql: "select carrier,\n  count(*) as n from flights@v4 group by carrier", format: "json", limit: 500 }]);
  for (const [name, format] of [["CSV", "csv"], ["Parquet", "parquet"]] as const) {
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: `Download all rows as ${name}` }).click();
    expect((await saved).suggestedFilename()).toBe(`flights-v4.${format}`);
    expect(mock.sent.at(-1)?.body).toMatchObject({ format });
  }
  await page.reload();
  await rows.getByText("58665").waitFor();
  expect(await text.inputValue()).toContain("count(*) as n");
  await text.fill("select 1");
  expect(await page.getByRole("button", { name: "Download all rows as CSV" }).isDisabled(), "the file would be of another query").toBe(true);
});

test("a slip in a query is marked at its place", async () => {
  const detail = 'sql:2:3: there is no column "carier": did you mean carrier?';
  mock.refused.set("/api/v1/data/sql", { type: "about:blank", title: "Invalid input", status: 400, detail, code: "invalid", field: "sql:2:3", span: { start: 9, end: 15 } });
  await at(`/data/flights@v4?tab=sql&q=${encodeURIComponent("select\n  carier from flights@v4")}`);
  await page.getByRole("alert").getByText("Line 2, column 3").waitFor();
  await page.getByText('there is no column "carier": did you mean carrier?').waitFor();
  expect(await page.locator("pre.slip mark").textContent()).toBe("carier");
  mock.refused.clear();
  await page.getByLabel("SQL", { exact: true }).fill("select carrier from flights@v4");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByText("58665").waitFor();
  expect(await page.locator("pre.slip").count()).toBe(0);
});
