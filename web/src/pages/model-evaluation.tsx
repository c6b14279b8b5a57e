/** An evaluation: both models on the same frozen rows, overall and per slice. */
import { useEvaluation } from "../api/queries";
import type { Evaluation, Scored } from "../api/types";
import { count, figure, sentence, signed, span } from "../lib/format";
import { byRank, lessIsBetter, toneOfChange } from "../lib/metrics";
import { Panel, useParam } from "../ui/bits";
import { Loaded } from "../ui/state";
import { Glyph } from "../ui/status";

/** A difference, coloured by whether it is for the better. */
export function Change({ metric, value }: { metric: string; value: number }) {
  return <span className={toneOfChange(metric, value)}>{signed(value)}</span>;
}

function Overall({ evaluation }: { evaluation: Evaluation }) {
  const { challenger, champion } = evaluation;
  const keys = byRank(Object.keys(challenger.values), evaluation.metric).filter((key) => !COUNTS.includes(key));
  return (
    <div className="scroll">
      <table className="t">
        <thead>
          <tr>
            <th>metric</th>
            <th className="num">this version</th>
            <th className="num">{champion ? champion.version ? `champion, version ${champion.version}` : "champion" : "no champion yet"}</th>
            <th className="num">difference</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => {
            const a = challenger.values[key];
            const b = champion?.values[key];
            return (
              <tr key={key}>
                <td>{key}</td>
                <td className="num">{figure(a)}</td>
                <td className="num">{figure(b)}</td>
                <td className="num">{a !== undefined && b !== undefined ? <Change metric={key} value={a - b} /> : "–"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Slices({ evaluation }: { evaluation: Evaluation }) {
  const keys = byRank(Object.keys(evaluation.challenger.values), evaluation.metric).filter((key) => !COUNTS.includes(key));
  const [metric, setMetric] = useParam("slice_metric", evaluation.metric);
  const worse = lessIsBetter(metric) ? -1 : 1;
  // The worst comes first: against the champion where there is one.
  const rows = evaluation.slices
    .map((s) => {
      const [value, other] = [s.challenger[metric], s.champion?.[metric]];
      return { slice: `${s.column}=${s.value}`, rows: s.rows, value, other, gap: value !== undefined && other !== undefined ? value - other : undefined };
    })
    .sort((a, b) => worse * ((a.gap ?? a.value ?? 0) - (b.gap ?? b.value ?? 0)));
  return (
    <Panel
      title="Slices"
      tools={
        <select className="select" aria-label="Metric of the slices" value={metric} onChange={(e) => setMetric(e.target.value)}>
          {keys.map((k) => (
            <option key={k}>{k}</option>
          ))}
        </select>
      }
    >
      <div className="scroll">
        <table className="t">
          <thead>
            <tr>
              <th>slice</th>
              <th className="num">rows</th>
              <th className="num">this version</th>
              <th className="num">champion</th>
              <th className="num">difference</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((s) => (
              <tr key={s.slice}>
                <td className="mono">{s.slice}</td>
                <td className="num">{count(s.rows)}</td>
                <td className="num">{figure(s.value)}</td>
                <td className="num">{figure(s.other)}</td>
                <td className="num">{s.gap !== undefined ? <Change metric={metric} value={s.gap} /> : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** Whether the model serves as it was trained. */
function serves(scored: Scored): { name: string; passed: boolean | null; detail: string }[] {
  const latency = scored.latency_p99_ms == null ? "" : `p50 ${span(scored.latency_p50_ms)}, p99 ${span(scored.latency_p99_ms)} for one row`;
  return [
    { name: "starts in the server", passed: scored.starts_in_server, detail: scored.starts_in_server ? latency : (scored.problem ?? "") },
    { name: "no skew", passed: scored.no_skew ?? null, detail: scored.no_skew === false ? (scored.problem ?? "") : "rows one by one and together" },
  ];
}

/** Counts that stand among the metrics: they are the rows', not the model's. */
const COUNTS = ["rows", "positives", "prevalence"];

/** `told` is what was said about it already. */
export function EvaluationPanel({ id, told = "" }: { id: string; told?: string }) {
  const query = useEvaluation(id);
  return (
    <Loaded query={query} missing={null}>
      {(evaluation) => (
        <>
          <Panel title="Evaluation" tools={`${count(evaluation.rows)} frozen rows, label ${evaluation.label}`}>
            {!told.includes(evaluation.sentence) && <p className="pad wrap">{sentence(evaluation.sentence)}</p>}
            <Overall evaluation={evaluation} />
            <ul className="lines">
              {serves(evaluation.challenger).map((c) => (
                <li key={c.name} className="row">
                  <Glyph state={c.passed === null ? "unknown" : c.passed ? "passed" : "failed"} />
                  <span>{c.name}</span>
                  <span className="ink2 wrap">{c.detail}</span>
                </li>
              ))}
            </ul>
          </Panel>
          {evaluation.slices.length > 0 && <Slices evaluation={evaluation} />}
        </>
      )}
    </Loaded>
  );
}
