/** A browser, the mock server and a page of its own for every test of a file. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { launch } from "./browser";
import { start, type Mock } from "./server";

let browser: Browser;

/** What the tests of a file work with; each is there before the first test. */
export let mock: Mock;
export let page: Page;

export function byHand(): void {
  beforeAll(async () => {
    browser = await launch();
    mock = await start();
  });
  afterAll(async () => {
    await browser.close();
    await mock.close();
  });
  beforeEach(async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, permissions: ["clipboard-read", "clipboard-write"] });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    mock.sent.length = 0;
  });
  afterEach(async () => {
    mock.refused.clear();
    mock.other.clear();
    await page.context().close();
  });
}

/** Opens a page and waits for its heading. */
export async function at(path: string): Promise<void> {
  await page.goto(mock.url + path);
  await page.locator("main h1").waitFor();
}
