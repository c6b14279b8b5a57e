/** One run: did it work, curves live, what went in, what came out. */
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useExperimentNames, useModels, usePipelineRun, useRun } from "../api/queries";
import type { Run } from "../api/types";
import { figure, shortId, span } from "../lib/format";
import { byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Cards, Cli, Facts, Page, Panel, Tabs, To, useParam, When } from "../ui/bits";
import { Empty, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";
import { Artifacts } from "./run-artifacts";
import { curveKeys, Curves, useCurves } from "./run-curves";

const TABS: [string, string][] = [
  ["", "Overview"],
  ["curves", "Curves"],
  ["artifacts", "Artifacts"],
];

/** Figures shown as cards; the table below has all. */
const HEADLINES = 5;

/** Rows of a list before the rest is asked for. */
const FIRST = 16;

function KeyValues({ title, entries, empty }: { title: string; entries: [string, string][]; empty: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? entries : entries.slice(0, FIRST);
  return (
    <Panel title={title} tools={entries.length > 0 && String(entries.length)}>
      {entries.length === 0 ? (
        <p className="pad ink2">{empty}</p>
      ) : (
        <table className="t pairs">
          <tbody>
            {shown.map(([key, value]) => (
              <tr key={key}>
                <td className="ink2 wrap">{key}</td>
                <td className="mono wrap">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {entries.length > FIRST && (
        <footer>
          <button type="button" className="linkish" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Show fewer" : `Show all ${entries.length}`}
          </button>
        </footer>
      )}
    </Panel>
  );
}

/** What somebody chose comes before what a library logged of its nested parts. */
export function leading(params: Record<string, string>): [string, string][] {
  const weight = (key: string, value: string) => Number(key.includes("__")) * 2 + Number(value.length > 60);
  return Object.entries(params).sort(([a, x], [b, y]) => weight(a, x) - weight(b, y) || a.localeCompare(b));
}

/** Tags that clients and the platform write for machines. */
const hidden = (key: string) => key.startsWith("mlflow.") || key.startsWith("volano.");

function Origin({ run }: { run: Run }) {
  const experiment = useExperimentNames()(run.experiment);
  const tag = (key: string) => run.tags[key];
  const data = Object.entries(run.tags).filter(([key]) => key.startsWith("volano.data."));
  const pipelineRun = tag("volano.pipeline_run");
  const made = usePipelineRun(pipelineRun);
  const models = useModels();
  const registered = (models.data?.items ?? []).flatMap((model) => model.versions.filter((version) => version.run === run.id));
  return (
    <Panel title="Data and environment">
      <div className="pad">
        <Facts
          items={[
            ["experiment", <To key="e" href={`/runs?experiment=${encodeURIComponent(experiment)}`}>{experiment}</To>],
            ["started", <When key="s" ms={run.start_ms} />],
            ["by", run.user],
            ["registered as", registered.length > 0 && <span key="m" className="row">{registered.map((v) => <To key={v.version} className="mono" href={paths.model(v.name, v.version)}>{`${v.name}:${v.version}`}</To>)}</span>],
            ["pipeline run", pipelineRun && <To key="p" href={`${paths.pipelineRun(pipelineRun)}${tag("volano.step_run") ? `?unit=${tag("volano.step_run")}` : ""}`}>{made.data ? `${made.data.project} run ${made.data.number}` : shortId(pipelineRun)}</To>],
            ["step", tag("volano.step")],
            ...data.map(([key, value]): [string, React.ReactNode] => [key.slice("volano.data.".length), <To key={key} className="mono" href={`/data/${value}`}>{value}</To>]),
            ["environment", tag("volano.env") && <span key="v" className="mono wrap" title={tag("volano.env")}>{tag("volano.env")?.slice(0, 16)}</span>],
            ["source", tag("mlflow.source.name") && <span key="n" className="mono wrap">{tag("mlflow.source.name")}</span>],
            ["commit", tag("mlflow.source.git.commit") && <span key="g" className="mono">{tag("mlflow.source.git.commit")?.slice(0, 10)}</span>],
            ["run id", <span key="i" className="mono wrap">{run.id}</span>],
          ]}
        />
      </div>
    </Panel>
  );
}

function Summary({ run }: { run: Run }) {
  const curves = useCurves(run, curveKeys(run));
  if (!useSettled(...curves)) return null;
  const metrics = byRank(Object.keys(run.metrics)).map((key): [string, number | undefined] => [key, run.metrics[key]]);
  const took = run.start_ms && run.end_ms ? run.end_ms - run.start_ms : null;
  return (
    <>
      <Panel>
        <Cards
          items={[
            { label: "state", value: <Status state={run.status} />, note: took === null ? <When ms={run.start_ms} /> : `took ${span(took)}` },
            ...metrics.slice(0, HEADLINES).map(([key, value]) => ({ label: key, value: figure(value) })),
          ]}
        />
      </Panel>
      <div className="cols main-side">
        <div className="stack gap12">
          <Curves run={run} most={4} />
          <div className="cols two">
            <KeyValues title="Metrics" entries={metrics.map(([k, v]) => [k, figure(v, 6)])} empty="No metric yet." />
            <KeyValues title="Parameters" entries={leading(run.params)} empty="No parameter was logged." />
          </div>
        </div>
        <div className="stack gap12">
          <Origin run={run} />
          <KeyValues title="Tags" entries={Object.entries(run.tags).filter(([k]) => !hidden(k))} empty="No tag." />
          <Panel title="Use it">
            <div className="pad stack gap8">
              <Cli line={`volano exp show ${shortId(run.id)}`} />
            </div>
          </Panel>
        </div>
      </div>
    </>
  );
}

export function RunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const [tab] = useParam("tab");
  const query = useRun(id);
  const name = query.data?.name || shortId(id);
  useView(name, `volano exp show ${shortId(id)}`);
  return (
    <Page
      title={name}
      crumb={<To href="/runs">Runs</To>}
      tools={
        <To className="btn" href={paths.compare([id])}>
          Compare
        </To>
      }
      tabs={<Tabs base={paths.run(id)} at={tab} items={TABS} label="Run" />}
    >
      <Loaded query={query} missing={<Empty center title="There is no such run" cli="volano exp ls">{id}</Empty>}>
        {(run) => (tab === "curves" ? <Curves run={run} /> : tab === "artifacts" ? <Artifacts run={run} /> : <Summary run={run} />)}
      </Loaded>
    </Page>
  );
}
