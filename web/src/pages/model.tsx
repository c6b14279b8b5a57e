/** One model: champion against challenger, the gate's checks with evidence, versions, promote and roll back. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { post } from "../api/client";
import { useComparison, useDecisions, useDeployments, useEvaluation, useModel, usePipelineRuns } from "../api/queries";
import type { Decision, Model, ModelVersion } from "../api/types";
import { figure, sentence, shortId, signed } from "../lib/format";
import { byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { reasonOf } from "../lib/phrases";
import { toast, useView } from "../lib/store";
import { Cli, Facts, Page, Panel, To, useParam, When } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Empty, Fault, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";
import { Conditions, conditions, Evidence, Outcome, RunLink } from "./decisions";
import { AliasTag } from "./models";
import { EvaluationPanel } from "./model-evaluation";

const METRICS = 4;

function useMove(model: Model | undefined) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.some((n) => ["model", "deployment"].includes(n)) ?? false });
  const name = model?.name ?? "";
  const rollback = useMutation({
    mutationFn: () => post("/models/{name}/rollback", { name }, {}),
    onSuccess: () => {
      toast(`The champion before is back`);
      void refresh();
    },
    onError: (error) => toast(error.message),
  });
  const promote = useMutation({
    mutationFn: (version: number) => post("/models/{name}/promote", { name }, { version, alias: "champion" }),
    onSuccess: (_, version) => {
      toast(`${name}:${version} is champion`, { label: "Undo", run: () => rollback.mutate() });
      void refresh();
    },
    onError: (error) => toast(error.message),
  });
  return { promote, rollback };
}

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

function Versions({ model, nameOf, at, pick, promote }: { model: Model; nameOf: NameOf; at: number; pick: (version: number) => void; promote: (version: number) => void }) {
  const keys = byRank(model.versions.flatMap((v) => Object.keys(v.metrics))).slice(0, METRICS);
  return (
    <Panel title="Versions">
      <div className="scroll">
        <table className="t">
          <thead>
            <tr>
              <th>version</th>
              {keys.map((key) => (
                <th key={key} className="num">
                  {key}
                </th>
              ))}
              <th>aliases</th>
              <th>data</th>
              <th>run</th>
              <th>registered</th>
              <th>
                <span className="sr">promote</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {model.versions.map((v) => (
              <tr key={v.version} className={v.version === at ? "on" : ""}>
                <td>
                  <button type="button" className="linkish mono" aria-pressed={v.version === at} onClick={() => pick(v.version)}>
                    {model.name}:{v.version}
                  </button>
                </td>
                {keys.map((key) => (
                  <td key={key} className="num">
                    {figure(v.metrics[key])}
                  </td>
                ))}
                <td>
                  <span className="row gap4">
                    {v.aliases.map((a) => (
                      <AliasTag key={a} alias={a} />
                    ))}
                  </span>
                </td>
                <td className="mono">
                  {v.data_versions.map((d) => (
                    <To key={d} href={`/data/${d}`}>
                      {d}{" "}
                    </To>
                  ))}
                </td>
                <td className="keep">{v.run && <To href={paths.run(v.run)}>{nameOf(v.run)}</To>}</td>
                <td>
                  <When ms={v.created_ms} />
                </td>
                <td>
                  {!v.aliases.includes("champion") && (
                    <button type="button" className="btn" onClick={() => promote(v.version)}>
                      Promote
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Duel({ champion, challenger }: { champion?: ModelVersion; challenger?: ModelVersion }) {
  const keys = byRank([...Object.keys(champion?.metrics ?? {}), ...Object.keys(challenger?.metrics ?? {})]);
  const side = (label: string, version?: ModelVersion) => (
    <div>
      <span className="label">{label}</span>
      <b className="mono">{version ? `${version.name}:${version.version}` : "none"}</b>
      <small>{version ? <When ms={version.created_ms} /> : label === "challenger" ? "nothing is being tried" : "the gate has accepted none"}</small>
    </div>
  );
  const first = keys[0];
  const a = first === undefined ? undefined : champion?.metrics[first];
  const b = first === undefined ? undefined : challenger?.metrics[first];
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

function Origin({ version, nameOf, project }: { version: ModelVersion; nameOf: NameOf; project?: string | null }) {
  return (
    <Panel title={<span className="mono">{`${version.name}:${version.version}`}</span>}>
      <div className="pad stack gap8">
        <Facts
          items={[
            ["description", version.description],
            ["run", version.run && <To key="r" href={paths.run(version.run)}>{nameOf(version.run)}</To>],
            ["pipeline run", version.pipeline_run && <RunLink key="p" id={version.pipeline_run} project={project} />],
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

function Serves({ name }: { name: string }) {
  const query = useDeployments();
  const items = (query.data?.items ?? []).filter((d) => d.routes.some((r) => r.model === name) || d.model.startsWith(`${name}@`) || d.model.startsWith(`${name}:`));
  return (
    <Panel title="Where it serves">
      {items.length === 0 ? (
        <p className="pad ink2">Nowhere.</p>
      ) : (
        <ul className="lines">
          {items.map((d) => (
            <li key={d.name} className="row">
              <To href={paths.deploy(d.name)}>{d.name}</To>
              <span className="right">
                <Status state={d.state} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Body({ model, promote }: { model: Model; promote: (version: number) => void }) {
  const [wanted, pick] = useParam("version");
  const gates = useDecisions({ kind: "gate", limit: 200 });
  const by = (alias: string) => model.versions.find((v) => v.version === model.aliases.find((a) => a.alias === alias)?.version);
  const champion = by("champion");
  const at = model.versions.find((v) => v.version === Number(wanted)) ?? by("challenger") ?? champion ?? model.versions[0];
  const judged = at && gates.data?.items.find((d) => d.kind === "gate" && (d.subject === `${model.name}:${at.version}` || (at.pipeline_run && d.pipeline_run === at.pipeline_run)));
  const evaluationId = at?.evaluation ?? evaluationOf(judged);
  const evaluation = useEvaluation(evaluationId);
  const deployments = useDeployments();
  const runs = useRunsOf(model);
  const project = judged?.project ?? evaluation.data?.project;
  const pipelineRuns = usePipelineRuns(project ?? "", !!project);
  if (!useSettled(gates, evaluation, deployments, runs, pipelineRuns)) return null;
  const nameOf: NameOf = (id) => runs.data?.find((run) => run.id === id)?.name || shortId(id);
  if (!at) return <Empty center title={`${model.name} has no version yet`} cli="volano pipeline run" />;
  return (
    <>
      <Duel champion={champion} challenger={by("challenger")} />
      <div className="cols main-side">
        <div className="stack gap12">
          <Versions model={model} nameOf={nameOf} at={at.version} pick={(v) => pick(String(v))} promote={promote} />
          {judged && <Gate decision={judged} />}
          {evaluationId && <EvaluationPanel id={evaluationId} told={judged?.reason} />}
        </div>
        <div className="stack gap12">
          <Origin version={at} nameOf={nameOf} project={project} />
          <Serves name={model.name} />
        </div>
      </div>
    </>
  );
}

export function ModelPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const query = useModel(name);
  const { promote, rollback } = useMove(query.data);
  useView(name, `volano model show ${name}`);
  return (
    <Page
      title={name}
      crumb={<To href="/models">Models</To>}
      tools={
        <button type="button" className="btn" disabled={rollback.isPending || !query.data} onClick={() => rollback.mutate()} title="Return the deployment and the alias to the champion before">
          <Icon name="undo" size={14} /> Roll back
        </button>
      }
    >
      {promote.isError && <Panel><Fault error={promote.error} /></Panel>}
      <Loaded query={query} missing={<Empty center title={`There is no model ${name}`} cli="volano model ls" />}>
        {(model) => <Body model={model} promote={(v) => promote.mutate(v)} />}
      </Loaded>
    </Page>
  );
}
