import { describe, expect, test } from "vitest";
import { address } from "../src/api/client";
import { hashOf, verify, GENESIS, type ChainEvent } from "../src/lib/audit";
import { slots } from "../src/lib/color";
import { bytes, figure, moment, percent, readable, signed, span } from "../src/lib/format";
import { byRank, toneOfChange } from "../src/lib/metrics";
import { pageOf, phrase, runNames, summary } from "../src/lib/phrases";
import { addressOf, differs, faultAt, filterOf, moved, orderBy, parseColumns, parseSort, sortOf, writeColumns, type RunsView } from "../src/lib/runs-view";
import { fileName, marked, place, quoted } from "../src/lib/sql";
import { align, smooth, summary as lineSummary } from "../src/lib/series";

describe("figures", () => {
  test("keep four significant digits at any size", () => {
    expect([0.84123, 12.3456, 1234.5, 12345.6, 81432, 0.00001234, 2.5e10].map((v) => figure(v))).toEqual(["0.8412", "12.35", "1,235", "12,346", "81,432", "1.23e-5", "2.50e10"]);
    expect(figure(null)).toBe("–");
    expect(figure(Number.NaN)).toBe("NaN");
    expect(figure(Number.NEGATIVE_INFINITY)).toBe("−∞");
  });
  test("differences have a sign, shares a percent", () => {
    expect([signed(0.0121), signed(-0.002), signed(0)]).toEqual(["+0.0121", "−0.0020", "±0"]);
    expect([percent(0.523), percent(0), percent(1), percent(0.0004)]).toEqual(["52.3%", "0%", "100%", "0.04%"]);
  });
  test("spans and sizes use the unit that fits", () => {
    expect([9.44, 140, 2_100, 14_000, 200_000, 7_500_000, 273_600_000].map((v) => span(v))).toEqual(["9.4 ms", "140 ms", "2.1 s", "14 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"]);
    expect([bytes(900), bytes(1_234_000), bytes(123_456_789)]).toEqual(["900 B", "1.2 MB", "123 MB"]);
  });
  test("moments are as exact as their age makes useful", () => {
    const now = new Date(2026, 10, 25, 18, 30).getTime();
    expect(moment(now - 30_000, now)).toBe("30 s ago");
    expect(moment(now - 5 * 60_000, now)).toBe("5 min ago");
    expect(moment(new Date(2026, 10, 25, 9, 5).getTime(), now)).toBe("09:05");
    expect(moment(new Date(2026, 10, 24, 18, 3).getTime(), now)).toBe("24 Nov 18:03");
    expect(moment(new Date(2013, 3, 1).getTime(), now)).toBe("1 Apr 2013");
  });
});

describe("series", () => {
  test("smoothing is debiased: a constant stays, the first point is itself", () => {
    expect(smooth([5, 5, 5], 0.9)).toEqual([5, 5, 5].map((v) => expect.closeTo(v, 12)));
    expect(smooth([2, null, 4], 0.5)).toEqual([expect.closeTo(2, 12), null, expect.closeTo(10 / 3, 12)]);
  });
  test("lines with points of their own share one axis", () => {
    expect(align([{ x: [1, 3], y: [10, 30] }, { x: [2, 3], y: [2, null] }])).toEqual({ x: [1, 2, 3], ys: [[10, null, 30], [null, 2, null]] });
  });
  test("a line reads as a sentence", () => {
    expect(lineSummary("loss", [0.9, 0.4, 0.5], (v) => String(v))).toBe("loss: 3 points from 0.9 to 0.5, lowest 0.4, highest 0.9.");
  });
});

describe("what people read", () => {
  const event = (action: string, id: string, detail: unknown) => ({ actor: "system", action, noun: action.split(".")[1] ?? "", id, detail });
  test("events are sentences, bookkeeping is not", () => {
    const asked = event("pipelines.pipeline_run.request", "r1", { project: "flights", number: 4, cause: { kind: "trigger", trigger: "schedule", decision: "d" } });
    expect(phrase(asked)).toBe("flights run 4 asked for, started by trigger schedule");
    expect(phrase(event("pipelines.pipeline_run.finish", "r1", { state: "succeeded", message: null }), runNames([asked]))).toBe("flights run 4 succeeded");
    expect(phrase(event("tracking.run.log", "r2", { metrics: 1 }))).toBeUndefined();
    expect(summary(event("tracking.run.log", "r2", { metrics: 1, note: null }))).toBe("run log: metrics 1");
  });
  test("an event leads to its page, a rollout to its deployment", () => {
    expect(pageOf(event("serving.rollout.move", "0a", { deployment: "flights-late" }))).toBe("/deploy/flights-late");
    expect(pageOf(event("registry.model_version.create", "flights:3", null))).toBe("/models/flights?version=3");
  });
  test("times within a text of the server are moments", () => {
    expect(readable("mean 1360954599299.4148 before, 3.2 now")).toMatch(/^mean 2013-02-1\d \d\d:\d\d before, 3.2 now$/);
  });
  test("the metric that decides comes first, a training score last", () => {
    expect(byRank(["training_score", "brier", "zeta", "check_roc_auc"], "zeta")).toEqual(["zeta", "check_roc_auc", "brier", "training_score"]);
    expect([toneOfChange("log_loss", -0.1), toneOfChange("roc_auc", -0.1), toneOfChange("roc_auc", 0)]).toEqual(["good", "bad", ""]);
  });
});

test("an address fills its placeholders; other parameters become the query", () => {
  expect(address("/datasets/{name}/diff", { name: "a/b", from: "v1", to: undefined })).toBe("/api/v1/datasets/a%2Fb/diff?from=v1");
  expect(address("/runs/{id}/artifact", { id: "1f", path: "model/MLmodel" })).toBe("/api/v1/runs/1f/artifact?path=model%2FMLmodel");
});

test("eight lines never share a colour; the ninth is grey", () => {
  const chosen = [...slots(Array.from({ length: 9 }, (_, i) => `run-${i}`)).values()];
  expect(new Set(chosen.slice(0, 8)).size).toBe(8);
  expect(chosen[8]).toBe(0);
});

describe("the audit chain", () => {
  const event = (seq: number, prev: string): ChainEvent => {
    const made = { seq, time_ms: 1_764_000_000_000 + seq, actor: "local", action: "data.version.add", noun: "data_version", id: "flights@v1", outcome: "done", detail_text: '{"rows":27004,"name":"Zürich"}', prev_hash: prev, hash: "" };
    return { ...made, hash: hashOf(made) };
  };
  const first = event(1, GENESIS);
  const second = event(2, first.hash);
  test("holds when every event follows the one before", () => {
    expect(verify([first, second])).toEqual({ ok: true, checked: 2, head: second.hash });
    expect(verify([second], first.hash, 1)).toMatchObject({ ok: true, checked: 2 });
  });
  test("shows an alteration, a gap and another order", () => {
    expect(verify([first, { ...second, actor: "mallory" }])).toMatchObject({ ok: false, seq: 2 });
    expect(verify([second])).toMatchObject({ ok: false, reason: "event 1 is missing" });
    expect(verify([{ ...first, prev_hash: "0".repeat(63) + "1" }])).toMatchObject({ ok: false, seq: 1 });
  });
});

describe("lists of runs", () => {
  test("columns of any name come back from the address", () => {
    const columns = [{ key: "metrics.val/a,b~c%" }, { key: "params.lr", width: 140 }, { key: "start_time" }];
    expect(parseColumns(writeColumns(columns))).toEqual(columns);
    expect(parseColumns("")).toBeUndefined();
    expect(parseColumns("metrics.a~3,metrics.a~90")).toEqual([{ key: "metrics.a" }]);
    expect(moved(columns, "start_time", "params.lr").map(({ key }) => key)).toEqual(["metrics.val/a,b~c%", "start_time", "params.lr"]);
  });
  test("an order is written for the server and read back", () => {
    for (const [key, written] of [["metrics.val/auc", "metrics.`val/auc` DESC"], ["params.lr", "params.lr DESC"], ["name", "attributes.run_name DESC"], ["start_time", "attributes.start_time DESC"]] as const) {
      const sort = parseSort(`${key}:desc`);
      expect(orderBy(sort)).toBe(written);
      expect(sortOf(written)).toEqual(sort);
    }
  });
  test("words search in names, the language stays as it is", () => {
    expect([filterOf(" otter "), filterOf("metrics.a > 1"), filterOf(" ")]).toEqual(["attributes.run_name ILIKE '%otter%'", "metrics.a > 1", undefined]);
  });
  test("a fault is shown where it is typed, also within a longer filter", () => {
    expect(faultAt("metrics.a > 'x'", "metrics.a > 'x'", { start: 12, end: 15 })).toEqual(["metrics.a > ", "'x'", ""]);
    expect(faultAt("a > 1", "(a > 1) and (attributes.status = 'FAILED')", { start: 1, end: 2 })).toEqual(["", "a", " > 1"]);
    expect(faultAt("a >", "a >", undefined)).toEqual(["a >", "", ""]);
  });
  test("a view's address shows the view, and what differs is seen", () => {
    const saved = { id: "7", name: "best", owner: "ana", own: true, shared: false, experiment: "1", filter: "metrics.a > 1", order_by: ["metrics.a DESC"], columns: [{ key: "params.lr", width: 120 }], group_by: null, nested: false, created_ms: 1, updated_ms: 1 };
    const query = new URLSearchParams(addressOf(saved, () => "flights").split("?")[1]);
    const view: RunsView = { experiment: query.get("experiment") ?? "", filter: query.get("filter") ?? "", status: "", sort: parseSort(query.get("sort") ?? ""), columns: parseColumns(query.get("cols") ?? ""), group: query.get("group") ?? "", nested: query.get("nest") === "1" };
    expect(view.experiment).toBe("flights");
    expect(differs(view, saved)).toBe(false);
    expect(differs({ ...view, columns: [{ key: "params.lr", width: 121 }] }, saved)).toBe(true);
    expect(differs({ ...view, nested: true }, saved)).toBe(true);
    const grouped = { ...saved, group_by: "params.lr" };
    expect(differs(view, grouped)).toBe(true);
    expect(addressOf(grouped, () => "flights")).toContain("group=params.lr");
    expect(addressOf({ ...saved, nested: true }, () => "flights")).toContain("nest=1");
  });
});

describe("queries", () => {
  test("a slip is told in words and marked at its characters", () => {
    expect(place("sql:2:3: there is no column: did you mean a?")).toEqual({ where: "Line 2, column 3", message: "there is no column: did you mean a?" });
    expect(place("sql: there is no query")).toEqual({ where: "", message: "there is no query" });
    expect(place("limit reached: 4")).toEqual({ where: "", message: "limit reached: 4" });
    // The aeroplane is two of the browser's characters and one of the server's.
    expect(marked("select '\u{1F6EB}', depp", { start: 12, end: 16 })).toEqual({ before: "select '\u{1F6EB}', ", at: "depp", after: "" });
    expect(marked("x", undefined)).toBeUndefined();
  });
  test("the command line is one argument, the file has the version's name", () => {
    expect(quoted("select 'a'")).toBe(`'select '\\''a'\\'''`);
    expect(fileName("flights@v3", "csv")).toBe("flights-v3.csv");
  });
});
