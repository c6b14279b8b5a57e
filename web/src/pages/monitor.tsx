/** One deployment watched: alerts and their reason, drift by feature over time, quality as labels come. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { post } from "../api/client";
import { useDrift, useMonitor, usePerformance, usePipelines } from "../api/queries";
import type { Alert, MonitorStatus, PerformancePoint } from "../api/types";
import { count, figure, percent, plural, sentence } from "../lib/format";
import type { Range } from "../lib/scale";
import { byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { toast, useView } from "../lib/store";
import { Cards, Page, Panel, To, When } from "../ui/bits";
import { Chart, type Line } from "../ui/chart";
import { Empty, Fault, Loaded, useSettled } from "../ui/state";
import { Status, type Tone } from "../ui/status";
import { DriftPanel } from "./monitor-drift";

export function verdictTone(verdict: string): Tone {
  if (verdict === "steady" || verdict === "holds" || verdict === "measured") return "good";
  if (verdict === "alarm" || verdict === "alarmed" || verdict === "degraded") return "bad";
  if (verdict === "warn" || verdict === "warned" || verdict === "doubtful") return "warn";
  return "idle";
}

function Alerts({ items }: { items: Alert[] }) {
  const client = useQueryClient();
  const acknowledge = useMutation({
    mutationFn: (id: string) => post("/alerts/{id}/acknowledge", { id }, undefined),
    onSuccess: () => {
      toast("You look after this alert");
      void client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("alert") ?? false });
    },
    onError: (error) => toast(error.message),
  });
  const open = items.filter((a) => a.state !== "closed");
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
        <li key={a.id} className="row">
          <Status state={a.kind} tone={a.state === "open" ? "bad" : "warn"} />
          <span className="grow wrap">{a.kind === "drift" && a.record ? <To href={`${paths.monitor(a.deployment)}?report=${a.record}`} className="cover">{a.sentence}</To> : a.sentence}</span>
          <span className="ink3 small">
            since <When ms={a.opened_ms} />
          </span>
          {a.acknowledged_by ? (
            <span className="ink2 small">{a.acknowledged_by} looks after it</span>
          ) : (
            <button type="button" className="btn" disabled={acknowledge.isPending} onClick={() => acknowledge.mutate(a.id)}>
              Acknowledge
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The metric that counts is shown first, then the best known of the others. */
const metricsOf = (points: readonly PerformancePoint[]): string[] => byRank(points.flatMap((p) => Object.keys(p.values)), points.at(-1)?.metric).slice(0, 6);

function Performance({ name }: { name: string }) {
  const query = usePerformance(name);
  const points = useMemo(() => [...(query.data?.items ?? [])].sort((a, b) => a.to_ms - b.to_ms), [query.data]);
  const newest = points.at(-1);
  const [range, set] = useState<Range | null>(null);
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
                {sentence(newest.sentence)}.{" "}
                <span className="ink3">
                  {plural(newest.labels, "label")}, {percent(newest.completeness, 0)} of the window
                </span>
              </p>
            </Panel>
            <div className="cols charts">
              {metricsOf(points).map((key) => {
                const line: Line = { id: key, name: key, slot: 1, x: points.map((p) => p.to_ms), y: points.map((p) => p.values[key] ?? null) };
                const release = newest.at_release[key];
                return <Chart key={key} title={key} time lines={[line]} limits={release === undefined ? [] : [{ value: release, name: "at release", tone: "warn" }]} marks={versionMarks(points)} sync={`monitor ${name}`} zoom={{ range, set }} />;
              })}
            </div>
          </>
        )
      }
    </Loaded>
  );
}

/** Where another version began to answer. */
export function versionMarks(points: readonly { version: number; to_ms: number }[]): { x: number; name: string }[] {
  return points.flatMap((p, i) => (i > 0 && points[i - 1]?.version !== p.version ? [{ x: p.to_ms, name: `v${p.version}` }] : []));
}

function Body({ monitor }: { monitor: MonitorStatus }) {
  const drift = useDrift(monitor.deployment);
  const performance = usePerformance(monitor.deployment);
  const pipelines = usePipelines();
  const pipeline = pipelines.data?.items.find((p) => p.deployment === monitor.deployment);
  if (!useSettled(drift, performance, pipelines)) return null;
  const last = monitor.drift;
  const perf = monitor.measured;
  const metric = perf?.metric;
  const window = monitor.windows[0];
  return (
    <>
      <Panel>
        <Cards
          items={[
            { label: "drift", value: last ? <Status state={last.verdict} tone={verdictTone(last.verdict)} /> : "–", note: last ? <When ms={last.time_ms} /> : "not computed yet" },
            { label: "rows that moved", value: percent(last?.moved_share), note: last ? `a column warns at ${percent(last.settings.warn_share, 0)}, alarms at ${percent(last.settings.alarm_share, 0)}` : "" },
            { label: metric ?? "performance", value: metric && perf ? figure(perf.values[metric]) : "–", note: metric && perf?.at_release[metric] !== undefined ? `${figure(perf.at_release[metric])} at release` : "no labels yet" },
            { label: "newest window", value: window ? `${count(window.rows)} rows` : "–", note: window ? <To href={paths.model(window.model, window.version)}>{`${window.model}:${window.version}`}</To> : <To href={paths.deploy(monitor.deployment)}>no window is full yet</To> },
            { label: "labels", value: perf ? count(perf.labels) : "–", note: perf ? `${percent(perf.completeness, 0)} of the newest labelled window` : "none yet" },
          ]}
        />
      </Panel>
      <Panel title="Alerts" tools={pipeline && <To href={paths.pipeline(pipeline.name)}>retrain with {pipeline.name}</To>}>
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
    mutationFn: () => post("/deployments/{name}/drift", { name }, undefined),
    onSuccess: (report) => {
      toast(report.sentence);
      void client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("drift_report") ?? false });
    },
  });
  return (
    <Page
      title={name}
      crumb={<To href="/monitor">Monitoring</To>}
      tools={
        <>
        <To className="btn" href={paths.deploy(name)}>
          Deployment
        </To>
        <button type="button" className="btn" disabled={compute.isPending || !query.data} onClick={() => compute.mutate()}>
          Compute drift now
        </button>
        </>
      }
    >
      {compute.isError && <Panel><Fault error={compute.error} retry={() => compute.mutate()} /></Panel>}
      <Loaded query={query} missing={<Empty center title={`${name} is not watched`} cli="volano monitor status">There is no deployment of this name.</Empty>}>
        {(monitor) => <Body monitor={monitor} />}
      </Loaded>
    </Page>
  );
}
