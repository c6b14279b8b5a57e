/** Parallel coordinates: each run is a line over chosen parameters and metrics; limits on axes choose among the runs. */
import { useMemo, useState } from "react";
import { MOST_COMPARED } from "../api/selection";
import type { Run } from "../api/types";
import { axisOf, parseAxes, parseLimits, shareOf, shifted, within, writeAxes, writeLimits, type Axis, type AxisAt, type Limit } from "../lib/axes";
import { plural } from "../lib/format";
import { paths } from "../lib/paths";
import { moved } from "../lib/runs-view";
import { Panel, To, useParam } from "../ui/bits";
import { Empty } from "../ui/state";
import type { Dimensions } from "./compare";
import { DimensionSelect, nameOf, RunTable, ShadeKey, told } from "./compare-parts";
import { AxisRows } from "./parallel-axes";
import { ParallelPlot } from "./parallel-plot";

/** More axes are a wall. */
const MOST_AXES = 16;

export interface AxisChanges {
  move: (key: string, before: string | undefined) => void;
  shift: (index: number, by: number) => void;
  log: (key: string) => void;
  remove: (key: string) => void;
  limit: (key: string, limit: Limit | undefined) => void;
}

/** The axes and limits of the address, and how to change them. */
function useAxes(dimensions: Dimensions) {
  const [text, setText] = useParam("axes");
  const [limitsText, setLimits] = useParam("limits");
  const at = useMemo(() => (text ? parseAxes(text) : dimensions.first.map((key): AxisAt => ({ key, log: false }))), [text, dimensions.first]);
  const limits = useMemo(() => parseLimits(limitsText), [limitsText]);
  const write = (axes: readonly AxisAt[]) => setText(writeAxes(axes));
  const changes: AxisChanges = {
    move: (key, before) => write(moved(at, key, before).map(({ key: one }) => at.find((axis) => axis.key === one) ?? { key: one, log: false })),
    shift: (index, by) => write(shifted(at, index, by)),
    log: (key) => write(at.map((axis) => (axis.key === key ? { ...axis, log: !axis.log } : axis))),
    remove: (key) => write(at.filter((axis) => axis.key !== key)),
    limit: (key, limit) => {
      const next = new Map(limits);
      if (limit) next.set(key, limit);
      else next.delete(key);
      setLimits(writeLimits(next));
    },
  };
  return { at, limits, changes, add: (key: string) => write([...at, { key, log: false }]), clear: () => setLimits("") };
}

export function Parallel({ runs, dimensions }: { runs: readonly Run[]; dimensions: Dimensions }) {
  const { at, limits, changes, add, clear } = useAxes(dimensions);
  const [lit, setLit] = useState("");
  const axes = useMemo(() => at.map((one) => axisOf(runs, one)), [runs, at]);
  const rows = useMemo(() => runs.map((_, i) => i).filter((i) => axes.every((axis) => within(axis, limits.get(axis.key), i))), [runs, axes, limits]);
  const colored = axes.findLast((axis) => axis.key.startsWith("metrics."));
  const shadeOf = (run: number) => (colored ? shareOf(colored, colored.values[run]) : undefined);
  const limited = axes.some((axis) => limits.has(axis.key));
  const lifted = runs.findIndex((run) => run.id === lit);
  const some = rows.flatMap((row) => runs[row]?.id ?? []);
  return (
    <div className="stack gap12">
      <Panel
        title="Parallel coordinates"
        tools={
          <>
            {colored && <ShadeKey axis={colored} />}
            {at.length < MOST_AXES && <DimensionSelect label="Add an axis" none="Add an axis …" value="" set={(key) => key && add(key)} dimensions={dimensions} without={at.map((axis) => axis.key)} />}
          </>
        }
        footer={
          <span className="row spread">
            <span role="status">{limited ? `${rows.length} of ${plural(runs.length, "run")} within the limits` : plural(runs.length, "run")}</span>
            <span className="cut" aria-hidden="true">{lifted >= 0 ? sentenceOf(runs, axes, lifted) : "Drag along an axis to set limits, drag a name to move its axis"}</span>
          </span>
        }
      >
        {axes.length < 2 ? <Empty title="Choose two axes or more">Parameters and metrics can be added above.</Empty> : <ParallelPlot runs={runs} axes={axes} rows={rows} limits={limits} changes={changes} shadeOf={shadeOf} lit={lit} setLit={setLit} />}
      </Panel>
      <AxisRows axes={axes} limits={limits} changes={changes} />
      <RunTable
        title={limited ? "Runs within the limits" : "Runs"}
        runs={runs}
        rows={rows}
        axes={axes}
        lit={lit}
        setLit={setLit}
        tools={
          <>
            {limited && (
              <button type="button" className="btn" onClick={clear}>
                Clear limits
              </button>
            )}
            {some.length > 1 && some.length < runs.length && some.length <= MOST_COMPARED && (
              <To className="btn" href={paths.compare(some)}>
                Compare these {some.length}
              </To>
            )}
          </>
        }
      />
    </div>
  );
}

/** `brisk-otter: lr 0.1, auc 0.7412`. */
export function sentenceOf(runs: readonly Run[], axes: readonly Axis[], run: number): string {
  const one = runs[run];
  return one ? `${nameOf(one)}: ${axes.map((axis) => `${axis.name} ${told(axis, run)}`).join(", ")}` : "";
}
