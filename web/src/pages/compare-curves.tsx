/** Curves of the compared runs under one cursor, with one legend for all charts. */
import { useMemo } from "react";
import type { Run } from "../api/types";
import { wantedKeys } from "../lib/curves";
import { shortId } from "../lib/format";
import { byRank } from "../lib/metrics";
import { isSystemMetric } from "../lib/run-facts";
import { useParam } from "../ui/bits";
import { useRoving } from "../ui/roving";
import { Empty } from "../ui/state";
import { CurveControls, useCurveState, type CurveState } from "./curve-state";
import { CurveSheet, MetricFilter } from "./run-curves";

/** Names of the runs: one that is pointed at or chosen stands out in every chart. */
function RunLegend({ runs, colors, state }: { runs: readonly Run[]; colors: ReadonlyMap<string, number>; state: CurveState }) {
  const { holder, item } = useRoving(runs.length);
  return (
    <div className="panel legend runs-legend" role="group" aria-label="Runs; a chosen one stands out" {...holder}>
      {runs.map((run, i) => (
        <button
          key={run.id}
          type="button"
          aria-pressed={state.pinned === run.id}
          className={state.lit.id === run.id ? "on" : ""}
          onClick={() => state.pin(state.pinned === run.id ? "" : run.id)}
          onMouseEnter={() => state.lit.set(run.id)}
          onMouseLeave={() => state.lit.set("")}
          onFocus={() => state.lit.set(run.id)}
          onBlur={() => state.lit.set("")}
          {...item(i)}
        >
          <span className={`dot s${colors.get(run.id) ?? 0}`} />
          <span className="cut" title={run.name}>
            {run.name || shortId(run.id)}
          </span>
        </button>
      ))}
    </div>
  );
}

export function CompareCurves({ runs, colors }: { runs: readonly Run[]; colors: ReadonlyMap<string, number> }) {
  const state = useCurveState();
  const [filter, setFilter] = useParam("metric");
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort().join("\n");
  // What the machine did comes after what was measured.
  const keys = useMemo(() => {
    const all = byRank(names.split("\n").filter(Boolean));
    return [...all.filter((key) => !isSystemMetric(key)), ...all.filter(isSystemMetric)];
  }, [names]);
  const wanted = useMemo(() => wantedKeys(keys, filter), [keys, filter]);
  if (keys.length === 0) return <Empty title="No curves">These runs have logged no metric.</Empty>;
  return (
    <div className="stack gap12">
      <div className="row gap12 spread">
        <CurveControls state={state} metrics={keys} />
        <MetricFilter value={filter} set={setFilter} />
      </div>
      <RunLegend runs={runs} colors={colors} state={state} />
      {wanted.length === 0 && <Empty title="No curves">No metric has this in its name.</Empty>}
      <CurveSheet runs={runs} keys={wanted} colors={colors} state={state} sync="compare" />
    </div>
  );
}
