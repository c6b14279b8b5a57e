/** Lists of runs: rows within rows, groups, and the file that leaves. */
import { describe, expect, test } from "vitest";
import type { Run, RunGroup } from "../src/api/types";
import { csvColumns, csvLine, csvName, figureText, harmless } from "../src/lib/csv";
import { parseDelimited } from "../src/lib/delimited";
import { below, equals, groupKey, groupValue, metricsOf, ordered, within } from "../src/lib/run-groups";
import { closed, outline, placeOf, spansOf, type Opened } from "../src/lib/run-tree";

describe("rows within rows", () => {
  /** A list of ten with rows 2 and 7 open, and row 1 below the first of them. */
  const opened = new Map<string, Opened>([
    ["b", { parent: "", at: 7, count: 4 }],
    ["a", { parent: "", at: 2, count: 3 }],
    ["a1", { parent: "a", at: 1, count: 2 }],
  ]);
  const whole = outline(10, opened, (_key, one) => one);

  /** The same, written out row by row. */
  const plain = (key: string, count: number, level: number): string[] =>
    Array.from({ length: count }, (_, at) => {
      const child = [...opened].find(([, one]) => one.parent === key && one.at === at);
      return [`${key} ${at} ${level}`, ...(child ? plain(child[0], child[1].count, level + 1) : [])];
    }).flat();

  test("each row of the whole is found in its own list", () => {
    const rows = plain("", 10, 1);
    expect(whole.size).toBe(rows.length);
    expect(rows.map((_, index) => placeOf(whole, index)).map((place) => place && `${place.key} ${place.at} ${place.level}`)).toEqual(rows);
    expect([placeOf(whole, -1), placeOf(whole, whole.size)]).toEqual([undefined, undefined]);
  });
  test("a row knows the one that it stands below", () => {
    const ups = Array.from({ length: whole.size }, (_, index) => placeOf(whole, index)?.up);
    expect(ups).toEqual([undefined, undefined, undefined, 2, 2, 4, 4, 2, undefined, undefined, undefined, undefined, undefined, 12, 12, 12, 12, undefined, undefined]);
  });
  test("only what is in view is asked for, of every list", () => {
    expect([...spansOf(whole, 4, 9)]).toEqual([["a", [1, 2]], ["a1", [0, 1]], ["", [3, 4]]]);
    expect([...spansOf(outline(Number.POSITIVE_INFINITY, opened, (_key, one) => one), 100_000, 100_001)]).toEqual([["", [99_991, 99_992]]]);
  });
  test("a row that moved takes its rows along, one that is gone hides them", () => {
    const now = outline(10, opened, (key, one) => (key === "b" ? undefined : key === "a" ? { at: 0, count: 5 } : one));
    expect(now.size).toBe(10 + 5 + 2);
    expect(placeOf(now, 1)).toMatchObject({ key: "a", at: 0, level: 2, up: 0 });
  });
  test("what is closed forgets what was open below it", () => {
    expect([...closed(opened, "a").keys()]).toEqual(["b"]);
    expect([...closed(opened, "a1").keys()]).toEqual(["b", "a"]);
  });
});

describe("groups of runs", () => {
  const group = (value: string | null, runs: number, mean?: number): RunGroup => ({ value, runs, metrics: mean === undefined ? {} : { auc: { runs, mean, min: mean, max: mean } } });
  test("a value of any letters becomes a filter", () => {
    expect(equals("params.lr", "0.1")).toBe("params.lr = '0.1'");
    expect(equals("tags.a b", "it's")).toBe(`tags.\`a b\` = "it's"`);
    expect(equals("params.x", `it's "so"`)).toBe(`(params.x LIKE 'it_s "so"' and params.x LIKE "it's _so_")`);
    expect(below("1f")).toBe("tags.`mlflow.parentRunId` = '1f'");
  });
  test("a group's runs are those of the list that share its value", () => {
    const search = { experiment: "flights", filter: "metrics.auc > 1 or metrics.auc < 0" };
    expect(within("params.lr", null, search).filter).toBe("(metrics.auc > 1 or metrics.auc < 0) and (params.lr IS NULL)");
    expect(within("params.lr", "", {}).filter).toBe("params.lr = ''");
    expect(within("status", "failed", {}).filter).toBe("attributes.status = 'FAILED'");
    expect(within("user", "ana", {}).filter).toBe("attributes.user_id = 'ana'");
    expect(within("experiment", "2", { filter: "a" })).toEqual({ experiment: "2", filter: "a" });
  });
  test("no value is not the word null", () => {
    for (const value of [null, "null", "", "a b"]) expect(groupValue(groupKey({ value }))).toBe(value);
    expect(groupKey({ value: null })).not.toBe(groupKey({ value: "null" }));
  });
  test("they are ordered by what runs are ordered by, those that lack it last", () => {
    const groups = [group("9", 5, 0.2), group("10", 4), group(null, 3, 0.9), group("1e1", 1, 0.1)];
    const values = (key: string, desc: boolean) => ordered(groups, "params.n", { key, desc }).map(({ value }) => value);
    expect(values("start_time", true)).toEqual(["9", "10", null, "1e1"]);
    expect(values("metrics.auc", true)).toEqual([null, "9", "1e1", "10"]);
    expect(values("metrics.auc", false)).toEqual(["1e1", "9", null, "10"]);
    expect(values("params.n", false).slice(0, 1)).toEqual(["9"]);
    expect(values("params.n", true).at(-1)).toBeNull();
  });
  test("metrics are measured, other columns are not", () => {
    expect(metricsOf([{ key: "metrics.val/auc" }, { key: "params.lr" }, { key: "start_time" }, { key: "metrics.val/auc" }])).toEqual(["val/auc"]);
  });
});

describe("runs as CSV", () => {
  const run = (more: Partial<Run>): Run => ({ id: "1f", name: "otter", experiment: "1", user: "ana", status: "finished", start_ms: 0, end_ms: 1500, metrics: {}, params: {}, tags: {}, ...more });
  test("what a spreadsheet would run is text, numbers stay numbers", () => {
    for (const bad of ["=1+1", "+cmd|'/c calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-", "-inf", "+49 30 1"]) expect(harmless(bad)).toBe(`'${bad}`);
    for (const good of ["-1", "+0.5", "-1e-5", "-.5", "0.1", "a=b", "a-b", "", "1-2"]) expect(harmless(good)).toBe(good);
  });
  test("separators, quotes and breaks are quoted, and read back", () => {
    const cells = ["a,b", 'say "so"', "two\r\nlines", "plain", "", " kept "];
    expect(csvLine(["a", "b,c", 'd"e'])).toBe('a,"b,c","d""e"\r\n');
    expect(parseDelimited(csvLine(cells) + csvLine(cells), ",", 5).rows).toEqual([cells]);
  });
  test("figures are whole, and what is no number is a word", () => {
    expect([0.1 + 0.2, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, undefined, -1e-7].map(figureText)).toEqual(["0.30000000000000004", "NaN", "Infinity", "-Infinity", "NaN", "", "-1e-7"]);
  });
  test("id, name, state, start and duration come first, once", () => {
    const columns = csvColumns([{ key: "start_time" }, { key: "metrics.auc" }, { key: "params.lr" }, { key: "tags.=x" }, { key: "experiment" }, { key: "user" }], () => "=flights");
    expect(columns.map(({ title }) => title)).toEqual(["run_id", "run_name", "status", "start_time", "duration_ms", "metrics.auc", "params.lr", "tags.=x", "experiment", "user_id"]);
    const cells = (one: Run) => columns.map(({ of }) => of(one));
    expect(cells(run({ name: "-x", metrics: { auc: 0.5 }, params: { lr: "-0.1" }, tags: { "=x": "@a" } }))).toEqual(["1f", "'-x", "finished", "1970-01-01T00:00:00.000Z", "1500", "0.5", "-0.1", "'@a", "'=flights", "ana"]);
    expect(cells(run({ start_ms: null, end_ms: null })).slice(3, 7)).toEqual(["", "", "", ""]);
  });
  test("the file has a name that every system takes", () => {
    expect(csvName('a/b: "c"', new Date(0))).toBe("runs-a_b_c_-1970-01-01.csv");
    expect(csvName("", new Date(0))).toBe("runs-all-1970-01-01.csv");
  });
});
