/** Pictures of pages for people, when SHOTS names a folder: SHOTS=/tmp/shots PAGES=/,/runs npm run e2e -- shots */
import { afterAll, beforeAll, test } from "vitest";
import type { Browser } from "playwright-core";
import { launch } from "./browser";
import { pages } from "./pages";
import { start, type Mock } from "./server";

const folder = process.env.SHOTS;
let browser: Browser;
let mock: Mock | undefined;

beforeAll(async () => {
  if (!folder) return;
  browser = await launch();
  if (!process.env.VOLANO_URL) mock = await start((process.env.MODE as Mock["mode"]) ?? "normal");
});
afterAll(async () => {
  await browser?.close();
  await mock?.close();
});

test.skipIf(!folder)("pictures", async () => {
  const base = process.env.VOLANO_URL ?? mock?.url ?? "";
  for (const theme of (process.env.THEMES ?? "light,dark").split(",")) {
    const page = await browser.newPage({ viewport: { width: Number(process.env.WIDTH ?? 1440), height: 900 }, colorScheme: theme as "light" | "dark" });
    page.on("console", (m) => m.type() === "error" && console.log(theme, m.text()));
    for (const path of process.env.PAGES?.split(",") ?? pages) {
      await page.goto(base + path, { waitUntil: "load" });
      await page.waitForTimeout(900);
      await page.screenshot({ path: `${folder}/${theme}${path.replace(/[0-9a-f]{32}/g, "ID").replace(/[^a-z0-9]+/gi, "_").slice(0, 40) || "_"}.png` });
    }
    await page.close();
  }
});
