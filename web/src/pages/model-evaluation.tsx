/** An evaluation: both models on the same frozen rows, overall and per slice. */
import { useEvaluation } from "../api/queries";
import type { Evaluation } from "../api/types";
import { count, figure, signed } from "../lib/format";
import { useParam } from "../ui/bits";
import { Panel } from "../ui/bits";
import { Loaded } from "../ui/state";
import { Glyph } from "../ui/status";

function Overall({ evaluation }: { evaluation: Evaluation }) {
  const { challenger, champion } = evaluation;
  const keys = Object.keys(challenger.metrics).sort();
  return (
    <div className="scroll">
      <table className="t">
        <thead>
          <tr>
            <th>metric</th>
            <th className="num">this version</th>
            <th className="num">{champion ? `champion${evaluation.champion_version ? ` :${evaluation.champion_version}` : ""}` : "no champion yet"}</th>
            <th className="num">difference</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => {
            const a = challenger.metrics[key];
            const b = champion?.metrics[key];
            return (
              <tr key={key}>
                <td>{key}</td>
                <td className="num">{figure(a)}</td>
                <td className="num">{figure(b)}</td>
                <td className="num">{a !== undefined && b !== undefined ? signed(a - b) : "–"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Slices({ evaluation }: { evaluation: Evaluation }) {
  const keys = Object.keys(evaluation.challenger.metrics).sort();
  const [metric, setMetric] = useParam("slice_metric", keys.find((k) => /auc/i.test(k)) ?? keys[0] ?? "");
  const before = new Map(evaluation.champion?.slices.map((s) => [s.slice, s.metrics[metric]]));
  const rows = evaluation.challenger.slices
    .map((s) => ({ ...s, value: s.metrics[metric], other: before.get(s.slice) }))
    .sort((a, b) => (a.value ?? 0) - (a.other ?? 0) - ((b.value ?? 0) - (b.other ?? 0)));
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
                <td className="num">{s.value !== undefined && s.other !== undefined ? signed(s.value - s.other) : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

export function EvaluationPanel({ id }: { id: string }) {
  const query = useEvaluation(id);
  return (
    <Loaded query={query} missing={null}>
      {(evaluation) => (
        <>
          <Panel title="Evaluation" tools={`${count(evaluation.rows)} frozen rows`}>
            <Overall evaluation={evaluation} />
            {evaluation.checks.length > 0 && (
              <ul className="lines">
                {evaluation.checks.map((c) => (
                  <li key={c.name} className="row">
                    <Glyph state={c.passed ? "passed" : "failed"} />
                    <span>{c.name}</span>
                    <span className="ink2 wrap">{c.detail}</span>
                  </li>
                ))}
              </ul>
            )}
          </Panel>
          {evaluation.challenger.slices.length > 0 && <Slices evaluation={evaluation} />}
        </>
      )}
    </Loaded>
  );
}
