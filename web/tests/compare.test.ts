/** What the comparison of runs computes: axes, limits, scales, curves over an axis, differences of texts. */
import { describe, expect, test } from "vitest";
import { keysAtOnce, pointsEach } from "../src/api/curves";
import type { Run, RunCurve } from "../src/api/types";
import { axisOf, limitBetween, parseAxes, parseLimits, shareOf, shifted, within, writeAxes, writeLimits } from "../src/lib/axes";
import { linesOf, refined, stepsWithin, wantedKeys } from "../src/lib/curves";
import { numberScale, plainTicks, zoomed } from "../src/lib/scale";
import { nearest, placed, valueAt } from "../src/lib/series";
import { textDiff } from "../src/lib/text-diff";
import { aside, spotsOf } from "../src/pages/compare-scatter";
import { differing } from "../src/pages/compare-table";
import { parseZoom } from "../src/pages/curve-state";

const run = (id: string, params: Record<string, string>, metrics: Record<string, number> = {}): Run => ({ id, name: id, experiment: "1", user: "ana", status: "finished", start_ms: 1_000, end_ms: 9_000, params, metrics, tags: {} });

describe("scales", () => {
  test("ticks are round and within the ends", () => {
    expect(plainTicks(0.43, 0.53, 6)).toEqual([0.44, 0.46, 0.48, 0.5, 0.52]);
    expect(plainTicks(-3, 12, 4)).toEqual([0, 5, 10]);
    expect(plainTicks(1e6, 3e6, 3)).toEqual([1e6, 2e6, 3e6]);
  });
  test("a logarithmic axis leaves out what has no place on it", () => {
    const scale = numberScale([0, -2, 0.001, 1, 10], true);
    expect(scale.ends).toEqual([0.001, 10]);
    expect(scale.at(0)).toBeUndefined();
    expect(scale.at(0.1)).toBeCloseTo(0.5, 12);
    expect(scale.value(0.5)).toBeCloseTo(0.1, 12);
    expect(scale.ticks).toEqual([0.001, 0.01, 0.1, 1, 10]);
    expect(numberScale([-1, 0], true).log).toBe(false);
  });
  test("one value, no value and infinity are no trouble", () => {
    expect(numberScale([5]).at(5)).toBeCloseTo(0.5, 12);
    expect(numberScale([3], true).at(3)).toBeCloseTo(0.5, 12);
    expect(numberScale([]).ends).toEqual([0, 1]);
    expect(numberScale([1, Number.POSITIVE_INFINITY, 2]).ends).toEqual([1, 2]);
  });
  test("a zoom keeps the place under the cursor", () => {
    expect(zoomed([0, 100], 0.5, 20)).toEqual([10, 60]);
    expect(zoomed([0, 100], 0.5)).toEqual([25, 75]);
    expect(zoomed([0, 100], 0.5, 400)).toEqual([25, 75]);
  });
});

describe("axes", () => {
  const runs = [run("a", { lr: "0.1", opt: "adam", depth: "None", "odd,key~%": "1" }, { auc: 0.7 }), run("b", { lr: "1e-3", opt: "sgd", depth: "8" }, { auc: 0.8 }), run("c", { lr: "0.01", opt: "adam", depth: "10" })];

  test("the address holds any name", () => {
    const axes = [{ key: "params.odd,key~%", log: true }, { key: "metrics.val/auc", log: false }];
    expect(parseAxes(writeAxes(axes))).toEqual(axes);
    expect(parseAxes("params.lr,params.lr,status,metrics.auc~log")).toEqual([{ key: "params.lr", log: false }, { key: "metrics.auc", log: true }]);
    const limits = new Map([["params.odd,key~%", { names: ["a~b", "c,d"] }], ["metrics.auc", { range: [0.5, 1] as [number, number] }]]);
    expect(parseLimits(writeLimits(limits))).toEqual(limits);
    expect(parseLimits("params.lr,x~2~1,~1~2")).toEqual(new Map());
  });
  test("parameters are numbers where all are, and names otherwise", () => {
    const lr = axisOf(runs, { key: "params.lr", log: true });
    expect(lr.values).toEqual([0.1, 0.001, 0.01]);
    expect(shareOf(lr, 0.01)).toBeCloseTo(0.5, 12);
    expect(lr.scale?.ticks).toEqual([0.001, 0.01, 0.1]);
    const opt = axisOf(runs, { key: "params.opt", log: true });
    expect([opt.names, opt.log, opt.scale]).toEqual([["adam", "sgd"], false, undefined]);
    expect(shareOf(opt, "sgd")).toBe(0.75);
  });
  test("None among numbers, and a metric that was not logged, are no value", () => {
    expect(axisOf(runs, { key: "params.depth", log: false }).values).toEqual([null, 8, 10]);
    expect(axisOf(runs, { key: "metrics.auc", log: false }).values).toEqual([0.7, 0.8, null]);
  });
  test("limits choose, and a run without a value is outside of every one", () => {
    const auc = axisOf(runs, { key: "metrics.auc", log: false });
    const opt = axisOf(runs, { key: "params.opt", log: false });
    const inside = (axis: typeof auc, limit: Parameters<typeof within>[1]) => runs.map((_, i) => within(axis, limit, i));
    expect(inside(auc, { range: [0.75, 1] })).toEqual([false, true, false]);
    expect(inside(auc, undefined)).toEqual([true, true, true]);
    expect(inside(opt, { names: ["adam"] })).toEqual([true, false, true]);
    expect(limitBetween(opt, 1, 0.6)).toEqual({ names: ["sgd"] });
    expect(limitBetween(opt, 0.3, 0.4)).toBeUndefined();
    expect(limitBetween(auc, 0.5, 1)).toEqual({ range: [expect.closeTo(0.75, 12), 0.8] });
  });
  test("axes change places", () => {
    expect(shifted(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(shifted(["a", "b", "c"], 2, 1)).toEqual(["a", "b", "c"]);
  });
  test("points without a value are not drawn, those of one name stand aside of it", () => {
    const spots = spotsOf(runs, axisOf(runs, { key: "params.opt", log: false }), axisOf(runs, { key: "metrics.auc", log: false }));
    expect(spots.map((spot) => spot.run)).toEqual([0, 1]);
    expect(spots[0]?.x).toBeCloseTo(0.25 + aside("a") * 0.3, 12);
    for (const id of ["a", "b", "0f3a"]) expect(Math.abs(aside(id))).toBeLessThanOrEqual(0.5);
  });
});

describe("curves", () => {
  const points = (...pairs: [number, number | null][]) => pairs.map(([step, value]) => ({ step, time_ms: 1_000 + step * 500, value }));

  test("over steps, over the time since the start, over the clock", () => {
    const curve = points([0, 1], [4, null], [8, 3]);
    expect(placed(curve, "step", 0)).toEqual({ x: [0, 4, 8], y: [1, null, 3] });
    expect(placed(curve, "relative", 500).x).toEqual([0.5, 2.5, 4.5]);
    expect(placed(curve, "relative", null).x).toEqual([0, 2, 4]);
    expect(placed(curve, "time", 0).x).toEqual([1_000, 3_000, 5_000]);
  });
  test("over another metric at the same step, in its order, without what lies outside of it", () => {
    const over = points([2, 10], [6, 2]);
    expect(valueAt(over, 4)).toBe(6);
    expect(valueAt(over, 6)).toBe(2);
    expect([valueAt(over, 1), valueAt(over, 7), valueAt([], 1)]).toEqual([null, null, null]);
    expect(placed(points([0, 1], [2, 2], [4, 3], [6, 4]), "metric:x", 0, over)).toEqual({ x: [2, 6, 10], y: [4, 3, 2] });
  });
  test("a metric with one point is no curve, and grey lines lie below", () => {
    const runs = [run("a", {}), run("b", {})];
    const curves: RunCurve[] = [{ run: "a", key: "loss", points: points([0, 1], [1, 2]), thinned: false }, { run: "b", key: "loss", points: points([0, 3]), thinned: false }, { run: "a", key: "auc", points: points([0, 1]), thinned: false }];
    const lines = linesOf(runs, ["auc", "loss"], curves, "step", [], new Map([["a", 3], ["b", 0]]));
    expect([...lines.keys()]).toEqual(["loss"]);
    expect(lines.get("loss")?.map((line) => line.id)).toEqual(["b", "a"]);
  });
  test("a part of an axis is steps of the curves that have more points, one to the left and one to the right", () => {
    const runs = [run("a", {}), run("b", {})];
    const curve = (id: string, thinned: boolean): RunCurve => ({ run: id, key: "loss", points: points([0, 1], [100, 2], [200, 3], [300, 4]), thinned });
    expect(stepsWithin(runs, [curve("a", true)], "step", [120, 180])).toEqual([100, 200]);
    expect(stepsWithin(runs, [curve("a", true)], "step", [200, 900])).toEqual([100, 300]);
    expect(stepsWithin(runs, [curve("a", true)], "step", [-9, 0])).toEqual([0, 100]);
    expect(stepsWithin(runs, [curve("a", false)], "step", [120, 180])).toBeNull();
    expect(stepsWithin(runs, [curve("a", true)], "time", [60_000, 70_000])).toEqual([100, 200]);
    expect(stepsWithin(runs, [curve("a", true)], "metric:auc", [0, 1])).toBeNull();
  });
  test("a part stands in place of what the whole has there", () => {
    const whole: RunCurve = { run: "a", key: "loss", points: points([0, 1], [100, 2], [200, 3], [300, 4]), thinned: true };
    const part = { ...whole, points: points([100, 2], [150, 9], [200, 3]), thinned: false };
    expect(refined([whole], [part])[0]?.points.map((p) => p.step)).toEqual([0, 100, 150, 200, 300]);
    expect(refined([whole], [{ ...part, run: "b" }])).toEqual([whole]);
    expect(refined([whole], [])).toEqual([whole]);
  });
  test("an answer holds at most what the server gives", () => {
    expect(keysAtOnce(2, 12)).toBe(12);
    expect(keysAtOnce(500, 12)).toBe(2);
    expect(keysAtOnce(5_000, 12)).toBe(1);
    expect([pointsEach(1), pointsEach(20), pointsEach(50)]).toEqual([1_000, 500, 200]);
  });
  test("the nearest point of a thinned line", () => {
    expect(nearest([null, 1, null, null, 2], 3)).toBe(4);
    expect(nearest([null, 1, null, null], 3)).toBe(1);
    expect(nearest([null, undefined], 0)).toBeNull();
  });
  test("a zoom belongs to its axis", () => {
    expect(parseZoom("step~10~80", "step")).toEqual([10, 80]);
    expect(parseZoom("step~10~80", "time")).toBeNull();
    expect(parseZoom("metric:a~b~-1~0.5", "metric:a~b")).toEqual([-1, 0.5]);
    expect(parseZoom("step~80~10", "step")).toBeNull();
  });
  test("any of the words chooses a metric", () => {
    expect(wantedKeys(["train/loss", "val/auc", "val/loss"], "AUC, train")).toEqual(["train/loss", "val/auc"]);
    expect(wantedKeys(["a"], " ")).toEqual(["a"]);
  });
});

describe("differences", () => {
  test("rows whose values are the same are left out unless all are wanted", () => {
    const runs = [run("a", { lr: "1", seed: "3" }), run("b", { lr: "2", seed: "3" })];
    expect(differing(runs, (r) => r.params, false)).toEqual([["lr", ["1", "2"]]]);
    expect(differing(runs, (r) => r.params, true)).toHaveLength(2);
  });
  test("texts are compared word by word, and nothing is lost", () => {
    const pieces = textDiff("depth: 3, rate: 0.1", "depth: 4, rate: 0.1, seed: 7");
    expect(pieces).toEqual([
      { text: "depth: ", kind: "same" },
      { text: "3", kind: "removed" },
      { text: "4", kind: "added" },
      { text: ", rate: 0.1", kind: "same" },
      { text: ", seed: 7", kind: "added" },
    ]);
    const of = (kind: string) => pieces.filter((p) => p.kind !== kind).map((p) => p.text).join("");
    expect([of("added"), of("removed")]).toEqual(["depth: 3, rate: 0.1", "depth: 4, rate: 0.1, seed: 7"]);
  });
});
