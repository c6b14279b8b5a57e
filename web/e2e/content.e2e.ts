/** Runs, models and webhooks by hand: notes, tags, files that are hostile, deletion with undo, side by side, secrets. */
import axe from "axe-core";
import { expect, test } from "vitest";
import { id } from "./base";
import { at, byHand, mock, page } from "./by-hand";

byHand();

const run = `/r/${id(1000)}`;
/** What was changed; curves are asked for by POST as well. */
const changed = () => mock.sent.filter((one) => one.path !== "/api/v1/runs/curves");
const pwned = () => page.evaluate(() => "pwned" in window);

test("nothing that was uploaded runs, whatever the page draws it as", async () => {
  const cases: [string, string][] = [
    ["", "Why this run"],
    ["?tab=artifacts&path=notes.md", "Why this run"],
    ["?tab=artifacts&path=explore.ipynb", "Delays by hour"],
    ["?tab=artifacts&path=table.csv", "EWR"],
    ["?tab=artifacts&path=predictions.json", "carrier"],
    ["?tab=artifacts&path=config.json", "depth"],
    ["?tab=artifacts&path=report.html&source=1", "Report"],
  ];
  for (const [query, words] of cases) {
    await at(run + query);
    await page.getByText(words).first().waitFor();
    expect(await page.locator("main script, main img[src='x'], main a[href^='javascript']").count(), query).toBe(0);
    // What would run does so when its picture is missed.
    await page.waitForLoadState("networkidle");
    expect(await pwned(), query).toBe(false);
  }
});

test("an HTML file is in a frame that may do nothing", async () => {
  await at(`${run}?tab=artifacts&path=report.html`);
  const frame = page.locator("iframe.sandbox");
  await frame.waitFor();
  expect(await frame.getAttribute("sandbox")).toBe("");
  expect(await frame.getAttribute("src")).toBe(`/api/v1/runs/${id(1000)}/artifact/page?path=report.html`);
  expect(await frame.getAttribute("srcdoc")).toBeNull();
});

test("files are walked with brackets, into the models that were logged", async () => {
  await at(`${run}?tab=artifacts&path=report.html`);
  await page.getByRole("button", { name: /model\s*model$/ }).click();
  await page.getByRole("button", { name: /^MLmodel/ }).waitFor();
  await page.keyboard.press("]");
  await page.waitForURL(/path=table\.csv/);
  await page.keyboard.press("]");
  await page.waitForURL(/path=m-[0-9a-f]{32}%2FMLmodel/);
  await page.getByText("flavors:").waitFor();
  await page.keyboard.press("[");
  await page.waitForURL(/path=table\.csv/);
});

test("a Parquet file is paged by the server", async () => {
  await at(`${run}?tab=artifacts&path=part.parquet`);
  await page.getByText("rows 1–100 of 250").waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("rows 101–200 of 250").waitFor();
});

test("notes are written, seen before they are saved, and kept", async () => {
  await at(run);
  await page.getByRole("button", { name: "Edit notes" }).click();
  await page.getByLabel("Notes in Markdown").fill("## Next\n\ntry *less* <b>depth</b>");
  await page.getByRole("button", { name: "preview" }).click();
  await page.getByText("try less <b>depth</b>").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  expect(changed().at(-1)).toEqual({ method: "PUT", path: `/api/v1/runs/${id(1000)}/tags`, body: { key: "mlflow.note.content", value: "## Next\n\ntry *less* <b>depth</b>" } });
  await page.getByRole("heading", { name: "Next" }).waitFor();
});

test("tags are set, changed and removed with undo", async () => {
  await at(run);
  await page.getByLabel("Key of a new tag").fill("stage");
  await page.getByLabel("Value of a new tag").fill("trial");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("row", { name: /stage\s+trial/ }).waitFor();
  await page.getByRole("button", { name: "Change stage" }).click({ force: true });
  await page.getByLabel("Value of stage").fill("done");
  await page.keyboard.press("Enter");
  await page.getByLabel("Value of stage").waitFor({ state: "detached" });
  await page.getByRole("row", { name: /stage\s+done/ }).waitFor();
  await page.getByRole("button", { name: "Remove stage" }).click({ force: true });
  await page.getByText("Removed stage").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("row", { name: /stage\s+done/ }).waitFor();
});

test("a run is deleted with undo", async () => {
  mock.other.set(`/api/v1/runs/${id(1000)}/restore`, {});
  await at(run);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText(/^Deleted /).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("The run is back").waitFor();
  expect(changed().map((sent) => `${sent.method} ${sent.path}`)).toEqual([`DELETE /api/v1/runs/${id(1000)}`, `POST /api/v1/runs/${id(1000)}/restore`]);
  mock.other.clear();
});

test("experiments are found, ordered, made, renamed, and deleted with undo", async () => {
  await at("/experiments");
  const names = () => page.getByRole("grid").getByRole("row").locator("a.cut").allTextContents();
  expect(await names()).toEqual(["flights", "explore"]);
  await page.getByRole("button", { name: "experiment", exact: true }).click();
  expect(await names()).toEqual(["explore", "flights"]);
  await page.getByLabel("Filter experiments").fill("weather");
  await expect.poll(names).toEqual(["flights"]);
  await page.getByRole("button", { name: "New experiment" }).click();
  await page.getByLabel(/^Name/).fill("churn");
  await page.getByLabel(/^What is the question/).fill("# Who leaves?");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Rename flights" }).click();
  await page.getByLabel(/^Name/).fill("delays");
  await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete flights" }).click();
  await page.getByText("Its 1,234 runs go with it").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Deleted flights and its runs").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => mock.sent.map((sent) => `${sent.method} ${sent.path}`)).toEqual(["POST /api/v1/experiments", "PATCH /api/v1/experiments/1", "DELETE /api/v1/experiments/1", "POST /api/v1/experiments/1/restore"]);
  expect(mock.sent[0]?.body).toEqual({ name: "churn", note: "# Who leaves?" });
  expect(mock.sent[1]?.body).toEqual({ name: "delays" });
});

test("a branch shows what its merge would do, and is merged only when it fits", async () => {
  await at("/data/flights@v4");
  await page.getByRole("button", { name: "Merge units" }).click();
  await page.getByText("It cannot be merged").waitFor();
  await page.getByText("changed on main and on units").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: "Merge review/april" }).click();
  await page.getByText("1 file would change in what is published").waitFor();
  await page.getByLabel(/^What changed/).fill("May");
  await page.getByRole("dialog").getByRole("button", { name: "Merge" }).click();
  await page.getByText("flights@v5 has review/april").waitFor();
  await page.getByRole("button", { name: "New tag" }).click();
  await page.getByLabel(/^Name/).fill("frozen");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Remove q1-frozen" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const changes = mock.sent.filter((sent) => !sent.path.endsWith("/search"));
  expect(changes.map((sent) => `${sent.method} ${sent.path}`)).toEqual(["POST /api/v1/datasets/flights/merge", "POST /api/v1/datasets/flights/refs", "DELETE /api/v1/datasets/flights/refs/q1-frozen"]);
  expect(changes[0]?.body).toEqual({ branch: "review/april", message: "May" });
  expect(changes[1]?.body).toEqual({ name: "frozen", kind: "tag", at: "v4" });
});

test("versions stand side by side: what differs first, everything on demand", async () => {
  await at("/models/flights");
  await page.getByLabel("Compare version 4").check();
  await page.getByLabel("Compare version 2").check();
  await page.getByRole("link", { name: "Compare 2" }).click();
  await page.getByRole("row", { name: /scikit-learn\s+==1.7.2\s+==1.6.1/ }).waitFor();
  expect(await page.getByRole("row", { name: /^mlflow / }).count()).toBe(0);
  await page.getByLabel("only differences").uncheck();
  await page.getByRole("row", { name: /^mlflow / }).waitFor();
});

test("a webhook's secret goes to the server and is shown nowhere", async () => {
  await at("/settings?tab=webhooks");
  await page.getByLabel("Name").fill("chat");
  await page.getByLabel("Address").fill("https://hooks.example.org/1");
  await page.getByLabel(/^Secret, which/).fill("s3cret!");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("chat is told from now on").waitFor();
  expect(mock.sent.at(-1)).toMatchObject({ path: "/api/v1/webhooks", body: { name: "chat", secret: "s3cret!", events: ["model_version.created", "model_version_alias.created"] } });
  expect(await page.getByLabel(/^Secret, which/).inputValue()).toBe("");
  expect(await page.content()).not.toContain("s3cret!");
  await page.getByRole("button", { name: "Test chat" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send" }).click();
  await page.getByText("chat answered 200").waitFor();
  await page.getByText("answered 503, 2 tries").waitFor();
});

test.each(["light", "dark"] as const)("questions, notes being written and lists to choose from are accessible, %s", async (theme) => {
  await page.emulateMedia({ colorScheme: theme });
  const look = async (name: string) => {
    await page.evaluate(axe.source);
    const result = (await page.evaluate(`axe.run(document, { resultTypes: ["violations"] })`)) as { violations: { id: string; nodes: { target: unknown }[] }[] };
    expect(result.violations.map((v) => `${name}: ${v.id} ${JSON.stringify(v.nodes.map((n) => n.target))}`)).toEqual([]);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${theme}_${name}.png` });
  };
  await at(run);
  await page.getByRole("button", { name: "Register model" }).click();
  await page.getByRole("dialog", { name: "Register a model" }).waitFor();
  await look("register");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Edit notes" }).click();
  await page.getByRole("button", { name: /system$/ }).click();
  await look("notes");
  await at("/models/flights");
  await page.getByRole("button", { name: "Promote version 4" }).click();
  await page.getByRole("dialog", { name: "Point an alias at flights:4" }).waitFor();
  await look("alias");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Remove the alias challenger" }).click();
  await look("remove");
});
