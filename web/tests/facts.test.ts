/** What runs, versions and webhooks say, in the words of the page. */
import { describe, expect, test } from "vitest";
import type { Model } from "../src/api/types";
import { againLine, codeOf, columnsOf, rowsOf, sections, sourceOf, webOf } from "../src/lib/run-facts";
import { requirement, versionRows, type Compared } from "../src/lib/version-rows";
import { kindOf, telling } from "../src/pages/artifact-kind";
import { arranged } from "../src/pages/experiments";
import { matches } from "../src/pages/models";
import { byThing, outcome } from "../src/pages/webhooks";

describe("a run's code", () => {
  test("a repository becomes an address on the web, and nothing else does", () => {
    expect(webOf("git@github.com:team/flights.git")).toBe("https://github.com/team/flights");
    expect(webOf("https://user:token@gitlab.example:8443/a/b.git")).toBe("https://gitlab.example:8443/a/b");
    for (const bad of ["javascript:alert(1)", "file:///srv/repo", "/srv/repo", undefined, "https://x y/z"]) expect(webOf(bad)).toBeUndefined();
  });
  test("a commit links only when it is one", () => {
    const tags = { "mlflow.source.git.commit": "9f2c1a7d02b4", "mlflow.source.git.repoURL": "https://me:secret@github.com/t/r.git", "volano.git.changed_files": "2" };
    expect(codeOf(tags)).toMatchObject({ href: "https://github.com/t/r/commit/9f2c1a7d02b4", repository: "https://github.com/t/r.git", changed: 2 });
    expect(codeOf({ ...tags, "mlflow.source.git.commit": "x/../../evil" }).href).toBeUndefined();
  });
  test("the line that does it again is the one that was given", () => {
    expect(againLine({ params: {}, tags: { "volano.command": "python train.py --depth 8" } })).toBe("volano run -- python train.py --depth 8");
    expect(againLine({ params: { lr: "0.1", note: "it's" }, tags: { "mlflow.source.name": "a b.ipynb" } })).toBe("volano run -p lr=0.1 -p 'note=it'\\''s' 'a b.ipynb'");
    expect(againLine({ params: {}, tags: {} }, "flights")).toBe("volano pipeline run flights");
    expect(againLine({ params: {}, tags: { "mlflow.source.name": "ipykernel_launcher" } })).toBeUndefined();
  });
});

describe("a run's data", () => {
  test("schema, rows and source are read, and odd ones are no fault", () => {
    expect(columnsOf('{"mlflow_colspec": [{"type": "long", "name": "hour"}]}')).toEqual([{ name: "hour", type: "long" }]);
    expect([rowsOf('{"num_rows": 5}'), rowsOf('{"features_shape": [7, 2]}'), rowsOf("{"), rowsOf(null)]).toEqual([5, 7, undefined, undefined]);
    expect(sourceOf('{"uri": "volano:flights@v4"}')).toEqual({ text: "flights@v4", version: "flights@v4" });
    expect(sourceOf('{"uri": "https://u:p@x.example/d.csv"}')).toEqual({ text: "https://x.example/d.csv" });
    for (const odd of ["[]", "null", "3", '{"mlflow_colspec": 3}', '{"mlflow_colspec": [null]}']) expect(columnsOf(odd)).toEqual([]);
  });
  test("metrics stand in their folders, those without one first", () => {
    expect(sections(["val/auc", "loss", "val/loss", "a/b/c"])).toEqual([["", ["loss"]], ["a/b", ["a/b/c"]], ["val", ["val/auc", "val/loss"]]]);
  });
});

test("a file is drawn by its name, and HTML never as text of the page", () => {
  expect(["a.PNG", "b.svg", "t.csv", "t.csv.gz", "x.parquet", "m/MLmodel", "r.html", "r.HTM", "c.diff", "n.ipynb", "a.pdf", "model.pkl", "requirements.txt", "README"].map(kindOf)).toEqual(["picture", "drawing", "table", "rows", "rows", "text", "page", "page", "diff", "notebook", "none", "none", "text", "text"]);
  expect(telling(["model.pkl", "a.csv", "roc.png"])).toBe("roc.png");
  expect(telling([])).toBe("");
});

describe("versions side by side", () => {
  const version = (number: number, more: Partial<Compared>): Compared => ({ version: number, facts: [], metrics: {}, params: {}, tags: {}, inputs: [], outputs: [], data: [], python: null, flavors: [], requirements: [], ...more });
  test("each thing is one row, and what is missing differs", () => {
    const rows = versionRows([
      version(1, { metrics: { auc: 0.7 }, params: { lr: "0.1", depth: "8" }, data: ["flights@v1"], requirements: ["scikit-learn==1.6.1"], inputs: [{ name: "hour", type: "long", required: true }] }),
      version(2, { metrics: { auc: 0.8 }, params: { lr: "0.1" }, data: ["flights@v2"], requirements: ["scikit-learn==1.6.1"], inputs: [{ name: "hour", type: "long", required: false }] }),
    ]);
    expect(rows.filter((row) => row.differs).map((row) => [row.group, row.name, ...row.values])).toEqual([
      ["metrics", "auc", 0.7, 0.8],
      ["parameters", "depth", "8", undefined],
      ["inputs", "hour", "long", "long, optional"],
      ["data", "flights", "flights@v1", "flights@v2"],
    ]);
    expect(rows.filter((row) => !row.differs).map((row) => row.name)).toEqual(["lr", "scikit-learn"]);
  });
  test("a requirement has a name and what it asks for", () => {
    expect([requirement("Scikit-Learn==1.6.1"), requirement("mlflow[extras] >= 3"), requirement("numpy")]).toEqual([["scikit-learn", "==1.6.1"], ["mlflow[extras]", ">= 3"], ["numpy", "any"]]);
  });
});

test("models are found by name, tag and alias", () => {
  const model = { name: "Flights", tags: { team: "ops" }, aliases: [{ alias: "champion", version: 3 }] } as unknown as Model;
  expect(["", "fli", "team:ops", "@champ", "flights team"].map((filter) => matches(model, filter))).toEqual([true, true, true, true, true]);
  expect(["trains", "team:growth", "@challenger"].some((filter) => matches(model, filter))).toBe(false);
});

test("a delivery says how it went, events stand by what they are about", () => {
  const base = { id: "1", event: "model_version.created", state: "delivered", created_ms: 0, error: "" };
  expect(outcome({ ...base, attempts: 1, status: 200, next_ms: null, finished_ms: 1 })).toBe("answered 200, 1 try");
  expect(outcome({ ...base, attempts: 0, status: null, next_ms: 5, finished_ms: null })).toBe("0 tries");
  expect(byThing(["model_version.created", "prompt.created"])).toEqual([["models", ["model_version.created"]], ["prompts", ["prompt.created"]]]);
});

describe("a list of experiments", () => {
  const one = (name: string, runs: number, note?: string) => ({ id: name, name, created_ms: runs, updated_ms: 0, note, activity: { runs, running: 0, failed: 0 } });
  const all = [one("churn 10", 3), one("churn 9", 3), one("Delays", 8, "weather"), { id: "x", name: "bare", created_ms: 1, updated_ms: 0 }];
  const names = (...asked: [string, "name" | "runs", boolean]) => arranged(all, ...asked).map((e) => e.name);
  test("every word must be in a name or a note", () => {
    expect(names("WEATHER del", "name", false)).toEqual(["Delays"]);
    expect(names("weather churn", "name", false)).toEqual([]);
  });
  test("numbers in names count as numbers, and equal figures are in the order of names either way", () => {
    expect(names("churn", "name", false)).toEqual(["churn 9", "churn 10"]);
    expect(names("", "runs", true)).toEqual(["Delays", "churn 9", "churn 10", "bare"]);
    expect(names("", "runs", false)).toEqual(["bare", "churn 9", "churn 10", "Delays"]);
  });
});
