/** One model: champion against challenger, the gate's checks with evidence, versions, promote and roll back. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { patch, put } from "../api/client";
import { contentsOptions, useComparison, useDecisions, useEvaluation, useModel, usePipelineRuns, useRunLinks } from "../api/queries";
import type { Decision, Model, ModelVersion, Run } from "../api/types";
import { figure, sentence, shortId, signed } from "../lib/format";
import { byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { reasonOf } from "../lib/phrases";
import { isSystemMetric } from "../lib/run-facts";
import { useView } from "../lib/store";
import { Ask, type Question } from "../ui/ask";
import { Cli, Facts, Page, Panel, Tabs, To, useParam, When } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Notes } from "../ui/notes";
import { Empty, Loaded, useSettled } from "../ui/state";
import { Tags } from "../ui/tags";
import { Conditions, conditions, Evidence, Outcome, RunLink } from "./decisions";
import { VersionComparison } from "./model-compare";
import { EvaluationPanel } from "./model-evaluation";
import { Contents, History, useAliases, Uses, VersionAliases } from "./model-parts";

const METRICS = 4;

const TABS: [string, string][] = [
  ["", "Overview"],
  ["compare", "Side by side"],
  ["history", "Aliases"],
];

/** The evaluation that a gate looked at. */
function evaluationOf(decision: Decision | undefined): string | undefined {
  const id = (decision?.evidence as { evaluation?: unknown } | null | undefined)?.evaluation;
  return typeof id === "string" ? id : undefined;
}

function Gate({ decision }: { decision: Decision }) {
  const list = conditions(decision.evidence);
  return (
    <Panel title="Gate" tools={<Outcome decision={decision} />}>
      <p className="pad wrap">
        {sentence(reasonOf(decision))} <span className="ink3"><When ms={decision.time_ms} /></span>
      </p>
      {list.length > 0 ? (
        <Conditions list={list} />
      ) : (
        <div className="pad">
          <Evidence value={decision.evidence} />
        </div>
      )}
      {decision.pipeline_run && (
        <footer>
          judged in <RunLink id={decision.pipeline_run} project={decision.project} /> of {decision.project}
        </footer>
      )}
    </Panel>
  );
}

/** Runs by their names, for as many versions as one request may ask about. */
const NAMED = 50;

const useRunsOf = (model: Model) => useComparison([...new Set(model.versions.map((v) => v.run).filter((id): id is string => !!id))].slice(0, NAMED));
type NameOf = (id: string) => string;

/** What its evaluation measured; for a version that was registered by hand, what its run logged last. */
function figuresOf(version: ModelVersion | undefined, runs: readonly Run[]): Record<string, number> {
  if (!version) return {};
  if (Object.keys(version.metrics).length > 0) return version.metrics;
  const logged = runs.find((run) => run.id === version.run)?.metrics ?? {};
  return Object.fromEntries(Object.entries(logged).filter(([key, value]) => value !== null && !isSystemMetric(key)));
}

interface Moves {
  move: (version: ModelVersion) => void;
  drop: (alias: string) => void;
}

function Versions({ model, runs, nameOf, at, pick, moves, marked, mark }: { model: Model; runs: readonly Run[]; nameOf: NameOf; at: number; pick: (version: number) => void; moves: Moves; marked: readonly number[]; mark: (version: number) => void }) {
  const keys = byRank(model.versions.flatMap((v) => Object.keys(figuresOf(v, runs)))).slice(0, METRICS);
  const pinned = model.versions.some((v) => v.data_versions.length > 0);
  const staged = model.versions.some((v) => v.stage !== "None");
  return (
    <Panel
      title="Versions"
      tools={
        marked.length > 1 ? (
          <To className="btn" href={`${paths.model(model.name)}?tab=compare&versions=${marked.join(",")}`}>{`Compare ${marked.length}`}</To>
        ) : (
          <span>{model.versions.length}</span>
        )
      }
    >
      <div className="scroll">
        <table className="t">
          <thead>
            <tr>
              <th>
                <span className="sr">choose</span>
              </th>
              <th>version</th>
              {keys.map((key) => (
                <th key={key} className="num">
                  {key}
                </th>
              ))}
              <th>aliases</th>
              {staged && <th>stage</th>}
              {pinned && <th>data</th>}
              <th>run</th>
              <th>registered</th>
            </tr>
          </thead>
          <tbody>
            {model.versions.map((v) => (
              <tr key={v.version} className={v.version === at ? "on" : ""}>
                <td>
                  <input type="checkbox" className="check" aria-label={`Compare version ${v.version}`} checked={marked.includes(v.version)} onChange={() => mark(v.version)} />
                </td>
                <td>
                  <button type="button" className="linkish mono keep" aria-pressed={v.version === at} onClick={() => pick(v.version)}>
                    {model.name}:{v.version}
                  </button>
                </td>
                {keys.map((key) => (
                  <td key={key} className="num">
                    {figure(figuresOf(v, runs)[key])}
                  </td>
                ))}
                <td>
                  <VersionAliases version={v} {...moves} />
                </td>
                {staged && <td>{v.stage === "None" ? <span className="ink3">–</span> : v.stage}</td>}
                {pinned && (
                  <td className="mono">
                    {v.data_versions.map((d) => (
                      <To key={d} href={`/data/${d}`}>
                        {d}{" "}
                      </To>
                    ))}
                  </td>
                )}
                <td className="keep">{v.run && <To href={paths.run(v.run)}>{nameOf(v.run)}</To>}</td>
                <td>
                  <When ms={v.created_ms} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Duel({ champion, challenger, runs }: { champion?: ModelVersion; challenger?: ModelVersion; runs: readonly Run[] }) {
  const [theirs, ours] = [figuresOf(champion, runs), figuresOf(challenger, runs)];
  const keys = byRank([...Object.keys(theirs), ...Object.keys(ours)]);
  const side = (label: string, version?: ModelVersion) => (
    <div>
      <span className="label">{label}</span>
      <b className="mono">{version ? `${version.name}:${version.version}` : "none"}</b>
      <small>{version ? <When ms={version.created_ms} /> : label === "challenger" ? "nothing is being tried" : "the gate has accepted none"}</small>
    </div>
  );
  const first = keys[0];
  const a = first === undefined ? undefined : theirs[first];
  const b = first === undefined ? undefined : ours[first];
  return (
    <Panel>
      <div className="cards">
        {side("champion", champion)}
        {side("challenger", challenger)}
        {first !== undefined && (
          <div>
            <span className="label">{first}</span>
            <b className="mono">{figure(b ?? a)}</b>
            <small>{a !== undefined && b !== undefined ? `${signed(b - a)} against the champion` : champion ? "of the champion" : ""}</small>
          </div>
        )}
      </div>
    </Panel>
  );
}

/** Data that its training logged, where no data version was pinned. */
const useReadBy = (version: ModelVersion | undefined) => useRunLinks(version?.run ?? "", !!version?.run && version.data_versions.length === 0);

function Origin({ version, nameOf, project }: { version: ModelVersion; nameOf: NameOf; project?: string | null }) {
  const read = useReadBy(version).data?.datasets ?? [];
  return (
    <Panel title={<span className="mono">{`${version.name}:${version.version}`}</span>}>
      <div className="pad stack gap8">
        <Facts
          items={[
            ["stage", version.stage !== "None" && version.stage],
            ["run", version.run && <To key="r" href={paths.run(version.run)}>{nameOf(version.run)}</To>],
            ["pipeline run", version.pipeline_run && <RunLink key="p" id={version.pipeline_run} project={project} />],
            ["read", read.length > 0 && read.map((data) => `${data.name} ${data.digest}`).join(", ")],
            ["data", version.data_versions.length > 0 && <span key="d" className="row">{version.data_versions.map((d) => <To key={d} className="mono" href={`/data/${d}`}>{d}</To>)}</span>],
            ["environment", version.environment && <span key="e" className="mono" title={version.environment}>{version.environment.slice(0, 16)}</span>],
            ["code", version.code && <span key="c" className="mono" title={version.code}>{version.code.slice(0, 16)}</span>],
            ["source", <span key="s" className="mono wrap">{version.source}</span>],
            ["by", version.user],
          ]}
        />
        <Cli line={`volano model show ${version.name}:${version.version}`} />
      </div>
    </Panel>
  );
}

function Body({ model, moves }: { model: Model; moves: Moves }) {
  const [marked, setMarked] = useState<number[]>([]);
  const { describe, describeVersion, tag, tagVersion } = useWords(model.name);
  const [wanted, pick] = useParam("version");
  const gates = useDecisions({ kind: "gate", limit: 200 });
  const by = (alias: string) => model.versions.find((v) => v.version === model.aliases.find((a) => a.alias === alias)?.version);
  const champion = by("champion");
  const at = model.versions.find((v) => v.version === Number(wanted)) ?? by("challenger") ?? champion ?? model.versions[0];
  const judged = at && gates.data?.items.find((d) => d.kind === "gate" && (d.subject === `${model.name}:${at.version}` || (at.pipeline_run && d.pipeline_run === at.pipeline_run)));
  const evaluationId = at?.evaluation ?? evaluationOf(judged);
  const evaluation = useEvaluation(evaluationId);
  const runs = useRunsOf(model);
  const contents = useQuery({ ...contentsOptions(model.name, at?.version ?? 0), enabled: !!at });
  const links = useReadBy(at);
  const project = judged?.project ?? evaluation.data?.project;
  const pipelineRuns = usePipelineRuns(project ?? "", !!project);
  if (!useSettled(gates, evaluation, runs, pipelineRuns, contents, links)) return null;
  const nameOf: NameOf = (id) => runs.data?.find((run) => run.id === id)?.name || shortId(id);
  if (!at) return <Empty center title={`${model.name} has no version yet`} cli={[`volano model register @last --name ${model.name}`, "volano pipeline run"]} />;
  return (
    <>
      <Duel champion={champion} challenger={by("challenger")} runs={runs.data ?? []} />
      <div className="cols main-side">
        <div className="stack gap12">
          <Versions model={model} runs={runs.data ?? []} nameOf={nameOf} at={at.version} pick={(v) => pick(String(v))} moves={moves} marked={marked} mark={(v) => setMarked(marked.includes(v) ? marked.filter((n) => n !== v) : [...marked, v])} />
          {judged && <Gate decision={judged} />}
          {evaluationId && <EvaluationPanel id={evaluationId} told={judged?.reason} />}
          <Notes title="About the model" text={model.description} save={describe} hint="What is it for, who uses it, what must it not be used for? Markdown." />
          <Notes key={at.version} title={`About version ${at.version}`} text={at.description} save={(text) => describeVersion(at.version, text)} hint="What is new in it? Markdown." />
        </div>
        <div className="stack gap12">
          <Origin version={at} nameOf={nameOf} project={project} />
          <Uses title={`Where version ${at.version} is used`} uses={at.used_by} />
          <Uses title="Where the model is used" uses={model.used_by.filter((use) => use.version == null)} />
          <Contents version={at} />
          <Tags key={`v${at.version}`} title={`Tags of version ${at.version}`} tags={at.tags} put={(key, value) => tagVersion(at.version, key, value)} />
          <Tags title="Tags of the model" tags={model.tags} put={tag} />
        </div>
      </div>
    </>
  );
}

function useWords(name: string) {
  const client = useQueryClient();
  const after = async (work: Promise<unknown>) => {
    await work;
    await client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("model") ?? false });
  };
  return {
    describe: (description: string) => after(patch("/models/{name}", { name }, { description })),
    describeVersion: (version: number, description: string) => after(patch("/models/{name}/versions/{version}", { name, version }, { description })),
    tag: (key: string, value: string | null) => after(put("/models/{name}/tags", { name }, { key, value })),
    tagVersion: (version: number, key: string, value: string | null) => after(put("/models/{name}/versions/{version}/tags", { name, version }, { key, value })),
  };
}

export function ModelPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const [tab] = useParam("tab");
  const [question, ask] = useState<Question | null>(null);
  const query = useModel(name);
  const { move, rollback, drop } = useAliases(query.data, ask);
  const cli = { compare: `volano model compare ${(query.data?.versions ?? []).slice(0, 2).map((v) => `${name}:${v.version}`).join(" ")}`, history: `volano model history ${name}` }[tab];
  useView(name, cli ?? `volano model show ${name}`);
  return (
    <Page
      title={name}
      crumb={<To href="/models">Models</To>}
      tools={
        <button type="button" className="btn" disabled={!query.data || query.data.aliases.length === 0} onClick={rollback} title="Point an alias where it pointed before">
          <Icon name="undo" size={14} /> Roll back
        </button>
      }
      tabs={<Tabs base={paths.model(name)} at={tab} items={TABS} label="Model" />}
    >
      <Loaded query={query} missing={<Empty center title={`There is no model ${name}`} cli="volano model ls" />}>
        {(model) => (tab === "compare" ? <VersionComparison model={model} /> : tab === "history" ? <History model={model} /> : <Body model={model} moves={{ move, drop }} />)}
      </Loaded>
      {question && <Ask key={question.title} question={question} close={() => ask(null)} />}
    </Page>
  );
}
