/** Drift: features by window, and the newest window's columns with both distributions. */
import { useMemo } from "react";
import type { ColumnDrift, DriftReport } from "../api/types";
import { count, exact, figure, percent, pValue, sentence } from "../lib/format";
import { Panel, useParam } from "../ui/bits";
import { Chart } from "../ui/chart";
import { Histogram } from "../ui/small";
import { Empty } from "../ui/state";
import { Status } from "../ui/status";
import { verdictTone, versionMarks } from "./monitor";

/** Windows side by side in the table. */
const WINDOWS = 12;

/** The colour of a cell: its verdict where it says something, else how much moved. */
function shade(column: ColumnDrift | undefined): string {
  if (!column) return "";
  const tone = verdictTone(column.verdict);
  if (tone === "bad") return "hb";
  if (tone === "warn") return "hw";
  return column.moved_share > 0.03 ? "h2" : column.moved_share > 0.005 ? "h1" : "";
}

/** A share short enough for a cell; under one in a thousand it is nothing. */
const share = (value: number) => (value < 0.001 ? "0" : percent(value, value < 0.0995 ? 1 : 0));

function find(report: DriftReport, name: string): ColumnDrift | undefined {
  return report.columns.find((c) => c.column === name) ?? (report.prediction?.column === name ? report.prediction : undefined);
}

/** Ends of windows as people read them off a clock, to the second where two fall into one minute. */
function ends(reports: readonly DriftReport[]): string[] {
  const days = new Set(reports.map((r) => new Date(r.to_ms).toDateString()));
  for (const size of [16, 19]) {
    const out = reports.map((r) => exact(r.to_ms).slice(days.size > 1 ? 5 : 11, size));
    if (size === 19 || new Set(out).size === out.length) return out;
  }
  return [];
}

function Heat({ reports, names, at, pick }: { reports: DriftReport[]; names: string[]; at?: DriftReport; pick: (id: string) => void }) {
  const times = ends(reports);
  return (
    <div className="scroll pad" tabIndex={0} role="region" aria-label="Drift by feature and window">
      <table className="heat">
        <thead>
          <tr>
            <th>
              <span className="sr">feature</span>
            </th>
            {reports.map((r, i) => (
              <th key={r.id}>
                <button type="button" className="linkish small" aria-pressed={r.id === at?.id} onClick={() => pick(r.id)} title={`${exact(r.from_ms)} to ${exact(r.to_ms)}, ${count(r.rows)} rows, version ${r.version}`}>
                  {times[i]}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row" className="mono">
                {name}
              </th>
              {reports.map((r) => {
                const c = find(r, name);
                const tone = c ? verdictTone(c.verdict) : "idle";
                return (
                  <td key={r.id} className={shade(c)}>
                    <span title={c?.sentence ?? "not in this window"}>
                      {c ? share(c.moved_share) : "–"}
                      {tone === "bad" && <b aria-label="alarm">✗</b>}
                      {tone === "warn" && <b aria-label="warning">!</b>}
                    </span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Lines of the chart: the columns that moved the most. */
const LINES = 8;

function mostMoved(reports: readonly DriftReport[], names: readonly string[]): string[] {
  const most = (name: string) => Math.max(0, ...reports.map((r) => find(r, name)?.moved_share ?? 0));
  return [...names].sort((a, b) => most(b) - most(a)).slice(0, LINES);
}

function Columns({ report }: { report: DriftReport }) {
  const columns = [...(report.prediction ? [report.prediction] : []), ...report.columns];
  return (
    <Panel title="Columns of the window" tools={`${count(report.rows)} rows against ${report.reference} (${count(report.reference_rows)} rows)`}>
      <div className="scroll" tabIndex={0} role="region" aria-label="Columns of the window">
        <table className="t">
          <thead>
            <tr>
              <th>column</th>
              <th>verdict</th>
              <th>training (grey) and now</th>
              <th className="num">moved</th>
              <th className="num">PSI</th>
              <th className="num">p</th>
              <th>what it says</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((c) => (
              <tr key={c.column}>
                <td className="mono">{c.column}</td>
                <td>
                  <Status state={c.verdict} tone={verdictTone(c.verdict)} />
                </td>
                <td>
                  <Histogram label={c.column} bins={c.bins.map((b) => ({ label: b.label, share: b.window_share, ref: b.reference_share }))} />
                </td>
                <td className="num">{percent(c.moved_share)}</td>
                <td className="num">{figure(c.psi)}</td>
                <td className="num">{pValue(c.p_value)}</td>
                <td className="wrap ink2">
                  {c.sentence}
                  {c.findings.filter((f) => !c.sentence.includes(f.sentence)).map((f) => (
                    <span key={f.check} className="stack">
                      <Status state={f.verdict} tone={verdictTone(f.verdict)}>{f.sentence}</Status>
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

export function DriftPanel({ name, reports }: { name: string; reports: DriftReport[] }) {
  const [picked, pick] = useParam("report");
  const inOrder = useMemo(() => [...reports].sort((a, b) => a.to_ms - b.to_ms).slice(-WINDOWS), [reports]);
  const newest = inOrder.at(-1);
  const at = inOrder.find((r) => r.id === picked) ?? newest;
  if (!newest || !at) {
    return (
      <Panel title="Drift">
        <Empty title="No drift report yet" cli={`volano monitor drift ${name}`}>
          Drift is computed by itself as windows fill; a small window says that it has not enough rows.
        </Empty>
      </Panel>
    );
  }
  const names = [...(newest.prediction ? [newest.prediction.column] : []), ...newest.columns.map((c) => c.column)];
  return (
    <>
      <Panel title="Drift" tools={<Status state={at.verdict} tone={verdictTone(at.verdict)} />}>
        <p className="pad wrap">
          {sentence(at.sentence)}. <span className="ink3">A number is the share of the rows that moved for certain since training.</span>
        </p>
        <Heat reports={inOrder} names={names} at={at} pick={pick} />
      </Panel>
      {inOrder.length > 1 && (
        <Chart
          title="Share of rows that moved, by window"
          time
          zero
          say={(v) => percent(v, 0)}
          lines={mostMoved(inOrder, names).map((column, i) => ({ id: column, name: column, slot: i + 1, x: inOrder.map((r) => r.to_ms), y: inOrder.map((r) => find(r, column)?.moved_share ?? null) }))}
          limits={[
            { value: at.settings.warn_share, name: "warns at", tone: "warn" },
            { value: at.settings.alarm_share, name: "alarms at", tone: "bad" },
          ]}
          marks={versionMarks(inOrder)}
          sync={`monitor ${name}`}
        />
      )}
      <Columns report={at} />
    </>
  );
}
