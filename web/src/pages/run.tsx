/** One run: did it work, curves live, what went in, what came out. */
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useCurves } from "../api/curves";
import { useArtifacts, usePipelineRun, useRun, useRunLinks } from "../api/queries";
import type { Run } from "../api/types";
import { figure, shortId, span } from "../lib/format";
import { byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { isSystemMetric } from "../lib/run-facts";
import { useView } from "../lib/store";
import { Cards, Facts, Page, Panel, Tabs, To, useParam, When } from "../ui/bits";
import { Notes } from "../ui/notes";
import { Empty, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";
import { Tags } from "../ui/tags";
import { RunActions, useRunChanges } from "./run-actions";
import { Artifacts } from "./run-artifacts";
import { curveKeys, Curves, FirstCurves } from "./run-curves";
import { Children, CodePanel, DataPanel, KeyValues, ModelsPanel, Origin, UseIt } from "./run-parts";

const TABS: [string, string][] = [
  ["", "Overview"],
  ["curves", "Curves"],
  ["artifacts", "Artifacts"],
];
const SYSTEM: [string, string] = ["system", "System"];

/** Figures shown as cards; the table below has all. */
const HEADLINES = 5;

/** What somebody chose comes before what a library logged of its nested parts. */
export function leading(params: Record<string, string>): [string, string][] {
  const weight = (key: string, value: string) => Number(key.includes("__")) * 2 + Number(value.length > 60);
  return Object.entries(params).sort(([a, x], [b, y]) => weight(a, x) - weight(b, y) || a.localeCompare(b));
}

/** The differences to the commit, where the command line keeps them. */
const DIFF_FOLDER = "source";

function Environment({ run }: { run: Run }) {
  const key = run.tags["volano.env"];
  const docker = run.tags["mlflow.docker.image.name"];
  const entry = run.tags["mlflow.project.entryPoint"];
  if (!key && !docker && !entry) return null;
  return (
    <Panel title="Environment">
      <div className="pad">
        <Facts
          items={[
            ["environment", key && <span key="v" className="mono" title={key}>{key.slice(0, 16)}</span>],
            ["image", docker],
            ["entry point", entry],
          ]}
        />
      </div>
    </Panel>
  );
}

function Summary({ run }: { run: Run }) {
  const runs = useMemo(() => [run], [run]);
  const curves = useCurves(runs, useMemo(() => curveKeys(run), [run]));
  const links = useRunLinks(run.id);
  const source = useArtifacts(run.id, DIFF_FOLDER);
  const pipeline = usePipelineRun(run.tags["volano.pipeline_run"]);
  const { tag } = useRunChanges(run.id);
  if (!useSettled({ isPending: !curves.settled, fetchStatus: "fetching" }, links, source, pipeline)) return null;
  const metrics = byRank(Object.keys(run.metrics).filter((key) => !isSystemMetric(key))).map((key): [string, number | undefined] => [key, run.metrics[key]]);
  const took = run.start_ms && run.end_ms ? run.end_ms - run.start_ms : null;
  const diff = source.data?.items.find((file) => /\.(diff|patch)$/.test(file.path))?.path;
  return (
    <>
      {links.data?.deleted && (
        <p className="note" role="status">
          This run is deleted. It can be restored until it is purged.
        </p>
      )}
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
          <FirstCurves run={run} most={4} />
          <Notes text={run.tags["mlflow.note.content"] ?? ""} save={(text) => tag("mlflow.note.content", text || null)} hint="What was tried here, and what came of it? Notes are Markdown, and mlflow reads them as mlflow.note.content." />
          <div className="cols two">
            <KeyValues title="Metrics" entries={metrics.map(([k, v]) => [k, figure(v, 6)])} empty="No metric yet." />
            <KeyValues title="Parameters" entries={leading(run.params)} empty="No parameter was logged." />
          </div>
          <Children links={links.data} />
        </div>
        <div className="stack gap12">
          <Origin run={run} links={links.data} />
          <CodePanel run={run} diff={diff} />
          <DataPanel run={run} links={links.data} />
          <ModelsPanel run={run} links={links.data} />
          <Environment run={run} />
          <Tags tags={run.tags} put={tag} />
          <UseIt run={run} project={pipeline.data?.project} />
        </div>
      </div>
    </>
  );
}

function Body({ run, tab }: { run: Run; tab: string }) {
  switch (tab) {
    case "curves":
      return <Curves run={run} />;
    case "system":
      return <Curves run={run} system />;
    case "artifacts":
      return <Artifacts run={run} />;
    default:
      return <Summary run={run} />;
  }
}

export function RunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const [tab] = useParam("tab");
  const query = useRun(id);
  const name = query.data?.name || shortId(id);
  const system = tab === "system" || Object.keys(query.data?.metrics ?? {}).some(isSystemMetric);
  useView(name, `volano exp show ${shortId(id)}`);
  // What may come later stands last, so that it pushes nothing aside.
  const items = system ? [...TABS, SYSTEM] : TABS;
  return (
    <Page title={name} crumb={<To href="/runs">Runs</To>} tools={<RunActions id={id} run={query.data} />} tabs={<Tabs base={paths.run(id)} at={tab} items={items} label="Run" />}>
      <Loaded query={query} missing={<Empty center title="There is no such run" cli="volano exp ls">{id}</Empty>}>
        {(run) => <Body key={run.id} run={run} tab={tab} />}
      </Loaded>
    </Page>
  );
}
