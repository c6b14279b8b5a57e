/** Metrics over steps or time, of one run or of many under one cursor; charts are fetched as they come into view. */
import { useEffect, useMemo, useRef, useState } from "react";
import { keysAtOnce, useCurves } from "../api/curves";
import type { Run } from "../api/types";
import { linesOf, wantedKeys } from "../lib/curves";
import { byRank } from "../lib/metrics";
import { isSystemMetric, sectionOf, sections } from "../lib/run-facts";
import type { Range } from "../lib/scale";
import { axisMetric } from "../lib/series";
import { useParam } from "../ui/bits";
import { Chart } from "../ui/chart";
import { Empty, Fault, useSettled } from "../ui/state";
import { CurveControls, useCurveState, type CurveState } from "./curve-state";

/** Charts that are fetched at once; more come by scrolling. */
const CHARTS = 12;

/** More metrics than these stand in their folders. */
const GROUPED = 6;

interface Drawn {
  runs: readonly Run[];
  state: CurveState;
  colors?: ReadonlyMap<string, number>;
  sync: string;
}

/** The metrics of one request. */
function Batch({ runs, state, colors, sync, keys, before, headed, onSettled }: Drawn & { keys: readonly string[]; before: string | undefined; headed: boolean; onSettled: (charts: number) => void }) {
  const { axis } = state;
  const { range } = state.zoom;
  const curves = useCurves(runs, keys, { axis, range });
  const metric = axisMetric(axis);
  const over = useCurves(runs, useMemo(() => (metric ? [metric] : []), [metric]));
  const settled = useSettled({ isPending: !curves.settled, fetchStatus: "fetching" });
  const lines = useMemo(() => linesOf(runs, keys, curves.items, axis, over.items, colors), [runs, keys, curves.items, axis, over.items, colors]);
  // While the curve of a new axis is on its way the old drawing stays.
  const ready = !metric || over.settled;
  const drawn = useRef({ lines, axis });
  if (ready) drawn.current = { lines, axis };
  const now = drawn.current;
  const charts = curves.error ? 1 : now.lines.size;
  useEffect(() => {
    if (settled) onSettled(charts);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [settled, charts]);
  if (!settled) return null;
  if (curves.error) return <div className="across panel"><Fault error={curves.error} retry={curves.retry} /></div>;
  let section = before === undefined ? undefined : sectionOf(before);
  return [...now.lines].map(([key, list]) => {
    const head = headed && sectionOf(key) !== section && sectionOf(key);
    section = sectionOf(key);
    return (
      <div key={key} className="contents">
        {head && <h2 className="small ink3 across">{head}</h2>}
        {list.length === 0 ? (
          <div className="panel chart">
            <Empty title={key}>{`No step has both ${key} and ${metric}.`}</Empty>
          </div>
        ) : (
          <Chart title={key} lines={list} over={axisMetric(now.axis) || now.axis} time={now.axis === "time"} log={state.log} smoothing={state.smoothing} sync={sync} zoom={state.zoom} lit={state.lit} />
        )}
      </div>
    );
  });
}

/** Asks for more when it comes near the screen; a button for those who do not scroll. */
function More({ left, more }: { left: number; more: () => void }) {
  const at = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const el = at.current;
    if (!el) return;
    const watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { root: el.closest(".body"), rootMargin: "0px 0px 300px" });
    watch.observe(el);
    return () => watch.disconnect();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [left]);
  return (
    <div>
      <button ref={at} type="button" className="btn" onClick={more}>
        {`Show more of ${left} other metrics`}
      </button>
    </div>
  );
}

/** One chart for each metric, twelve at a time. */
export function CurveSheet({ keys, ...drawn }: Drawn & { keys: readonly string[] }) {
  const [count, setCount] = useState(1);
  const [done, setDone] = useState<ReadonlyMap<number, number>>(new Map());
  const size = keysAtOnce(drawn.runs.length, CHARTS);
  const ordered = useMemo(() => sections(keys).flatMap(([, list]) => list), [keys]);
  const headed = ordered.length > GROUPED;
  const listed = headed ? ordered : keys;
  const batches = useMemo(() => Array.from({ length: Math.ceil(listed.length / size) }, (_, i) => listed.slice(i * size, (i + 1) * size)), [listed, size]);
  const shown = batches.slice(0, count);
  const left = listed.length - shown.length * size;
  const none = left <= 0 && shown.length > 0 && shown.every((_, i) => done.get(i) === 0);
  return (
    <div className="stack gap12">
      <div className="cols charts">
        {shown.map((batch, i) => (
          <Batch key={i} {...drawn} keys={batch} before={batches[i - 1]?.at(-1)} headed={headed} onSettled={(charts) => setDone((was) => new Map(was).set(i, charts))} />
        ))}
      </div>
      {none && <Empty title="No curves">Each of these metrics has one point; the figures are in the tables.</Empty>}
      {left > 0 && shown.every((_, i) => done.has(i)) && <More left={left} more={() => setCount(shown.length + 1)} />}
    </div>
  );
}

export function MetricFilter({ value, set }: { value: string; set: (value: string) => void }) {
  return <input data-filter className="input filter" aria-label="Filter metrics" placeholder="Metrics: loss, val/auc" value={value} onChange={(e) => set(e.target.value)} />;
}

/** The metrics whose curves the overview looks for. */
export function curveKeys(run: Run): string[] {
  return byRank(Object.keys(run.metrics).filter((key) => !isSystemMetric(key))).slice(0, CHARTS);
}

/** The first curves of a run, for its overview. */
export function FirstCurves({ run, most }: { run: Run; most: number }) {
  const [range, set] = useState<Range | null>(null);
  const runs = useMemo(() => [run], [run]);
  const keys = useMemo(() => curveKeys(run), [run]);
  const curves = useCurves(runs, keys, { axis: "step", range });
  const lines = useMemo(() => linesOf(runs, keys, curves.items, "step", []), [runs, keys, curves.items]);
  if (lines.size === 0) return null;
  return (
    <div className="cols charts">
      {[...lines].slice(0, most).map(([key, list]) => (
        <Chart key={key} title={key} lines={list} sync={`run ${run.id}`} zoom={{ range, set }} />
      ))}
    </div>
  );
}

/** The curves of a run, or those of its machine. */
export function Curves({ run, system = false }: { run: Run; system?: boolean }) {
  const state = useCurveState();
  const [filter, setFilter] = useParam("metric");
  const runs = useMemo(() => [run], [run]);
  const names = Object.keys(run.metrics).sort().join("\n");
  const keys = useMemo(() => byRank(names.split("\n").filter((key) => key && isSystemMetric(key) === system)), [names, system]);
  const wanted = useMemo(() => wantedKeys(keys, filter), [keys, filter]);
  if (keys.length === 0) return <Empty title="No curves">{system ? "mlflow.enable_system_metrics_logging() records what the machine does." : "This run has logged no metric."}</Empty>;
  return (
    <div className="stack gap12">
      <div className="row gap12 spread">
        <CurveControls state={state} metrics={keys} />
        <MetricFilter value={filter} set={setFilter} />
      </div>
      {wanted.length === 0 && <Empty title="No curves">No metric has this in its name.</Empty>}
      <CurveSheet runs={runs} keys={wanted} state={state} sync={`run ${run.id}`} />
    </div>
  );
}
