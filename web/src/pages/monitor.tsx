/** One deployment watched: alerts and their reason, drift by feature over time, quality as labels come. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { send } from "../api/client";
import { useDrift, useMonitor, usePerformance } from "../api/queries";
import type { Alert, MonitorStatus, PerformancePoint } from "../api/types";
import { count, figure, percent, plural } from "../lib/format";
import { paths } from "../lib/paths";
import { toast, useView } from "../lib/store";
import { Cards, Page, Panel, To, When } from "../ui/bits";
import { Chart, type Line } from "../ui/chart";
import { Empty, Fault, Loaded } from "../ui/state";
import { Glyph, Status, type Tone } from "../ui/status";
import { DriftPanel } from "./monitor-drift";

export function verdictTone(verdict: string): Tone {
  if (verdict === "steady" || verdict === "ok" || verdict === "stable") return "good";
  if (verdict === "alarm" || verdict === "bad" || verdict === "degraded") return "bad";
  if (verdict === "warn" || verdict === "warning") return "warn";
  return "idle";
}

function Alerts({ items }: { items: Alert[] }) {
  const open = items.filter((a) => !a.closed_ms);
  if (open.length === 0) {
    return (
      <div className="pad">
        <Status state="ok">No open alert.</Status>
      </div>
    );
  }
  return (
    <ul className="lines">
      {open.map((a) => (
        <li key={a.id} className="row top">
          <Glyph state={a.severity} tone={verdictTone(a.severity) === "idle" ? "bad" : verdictTone(a.severity)} />
          <span className="grow wrap">{a.text}</span>
          <span className="ink3 small">
            since <When ms={a.opened_ms} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The metric that gates look at is shown first. */
function metricsOf(points: readonly PerformancePoint[]): string[] {
  const keys = [...new Set(points.flatMap((p) => Object.keys(p.metrics)))];
  return keys.sort((a, b) => Number(/auc/i.test(b)) - Number(/auc/i.test(a)) || a.localeCompare(b)).slice(0, 4);
}

function Performance({ name }: { name: string }) {
  const query = usePerformance(name);
  const points = useMemo(() => [...(query.data?.items ?? [])].sort((a, b) => a.window.to_ms - b.window.to_ms), [query.data]);
  const newest = points.at(-1);
  return (
    <Loaded query={query}>
      {() =>
        newest === undefined ? (
          <Panel title="Performance">
            <Empty title="No labels yet" cli={`volano label add ${name} labels.csv`}>
              Labels arrive when the truth is known, by prediction id; quality is computed as they come.
            </Empty>
          </Panel>
        ) : (
          <>
            <Panel title="Performance" tools={<Status state={newest.verdict} tone={verdictTone(newest.verdict)} />}>
              <p className="pad wrap">
                {newest.sentence}{" "}
                <span className="ink3">
                  {plural(newest.labels, "label")}, {percent(newest.completeness, 0)} of the window
                </span>
              </p>
            </Panel>
            <div className="cols charts">
              {metricsOf(points).map((key) => {
                const line: Line = { id: key, name: key, slot: 1, x: points.map((p) => p.window.to_ms), y: points.map((p) => p.metrics[key] ?? null) };
                const release = newest.at_release[key];
                return <Chart key={key} title={key} time lines={[line]} limits={release === undefined ? [] : [{ value: release, name: "at release", tone: "warn" }]} marks={versionMarks(points)} sync={`monitor ${name}`} />;
              })}
            </div>
          </>
        )
      }
    </Loaded>
  );
}

/** Where another version began to answer. */
export function versionMarks(points: readonly { version: number; window: { from_ms: number; to_ms: number } }[]): { x: number; name: string }[] {
  return points.flatMap((p, i) => (i > 0 && points[i - 1]?.version !== p.version ? [{ x: p.window.to_ms, name: `v${p.version}` }] : []));
}

function Body({ monitor }: { monitor: MonitorStatus }) {
  const drift = useDrift(monitor.deployment);
  const last = monitor.last_drift;
  const perf = monitor.last_performance;
  const metric = perf ? metricsOf([perf])[0] : undefined;
  return (
    <>
      <Panel>
        <Cards
          items={[
            { label: "drift", value: last ? <Status state={last.verdict} tone={verdictTone(last.verdict)} /> : "–", note: last ? <When ms={last.time_ms} /> : "not computed yet" },
            { label: "moved share", value: figure(last?.moved_share), note: last ? `warns at ${percent(last.settings.warn_share, 0)}, alarms at ${percent(last.settings.alarm_share, 0)} of a column` : "" },
            { label: metric ?? "performance", value: metric && perf ? figure(perf.metrics[metric]) : "–", note: metric && perf?.at_release[metric] !== undefined ? `${figure(perf.at_release[metric])} at release` : "no labels yet" },
            { label: "predictions", value: count(monitor.rows), note: <To href={paths.deploy(monitor.deployment)}>{`${monitor.model}:${monitor.version}`}</To> },
            { label: "labels", value: count(monitor.labels), note: monitor.rows ? `${percent(monitor.labels / monitor.rows, 0)} of the predictions` : "" },
          ]}
        />
      </Panel>
      <Panel title="Alerts">
        <Alerts items={monitor.alerts} />
      </Panel>
      <Loaded query={drift}>{(list) => <DriftPanel name={monitor.deployment} reports={list.items} />}</Loaded>
      <Performance name={monitor.deployment} />
    </>
  );
}

export function MonitorPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const query = useMonitor(name);
  const client = useQueryClient();
  useView(`Monitoring ${name}`, `volano monitor status ${name}`);
  const compute = useMutation({
    mutationFn: () => send<{ sentence?: string }>("POST", `/deployments/${encodeURIComponent(name)}/drift`, {}),
    onSuccess: (report) => {
      toast(report?.sentence ?? "Drift was computed");
      void client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("drift_report") ?? false });
    },
  });
  return (
    <Page
      title={name}
      crumb={<To href="/monitor">Monitoring</To>}
      tools={
        <button type="button" className="btn" disabled={compute.isPending || !query.data} onClick={() => compute.mutate()}>
          Compute drift now
        </button>
      }
    >
      {compute.isError && <Panel><Fault error={compute.error} retry={() => compute.mutate()} /></Panel>}
      <Loaded query={query} missing={<Empty center title={`${name} is not watched`} cli="volano monitor status">There is no deployment of this name.</Empty>}>
        {(monitor) => <Body monitor={monitor} />}
      </Loaded>
    </Page>
  );
}
