/** One pipeline: is it green, when next, what a run would do now and why, time by step over runs. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams, useRouter } from "@tanstack/react-router";
import { post } from "../api/client";
import { usePipeline, usePipelineRun, usePipelineRuns, usePlan, useTriggers } from "../api/queries";
import type { FileProblem, Pipeline, PipelineRun, PlanUnit, Trigger } from "../api/types";
import { count, plural, words } from "../lib/format";
import { paths } from "../lib/paths";
import { toast, useView } from "../lib/store";
import { Facts, Page, Panel, Tabs, To, Took, useParam, When } from "../ui/bits";
import { Graph } from "../ui/graph";
import { Empty, Fault, Loaded, useSettled } from "../ui/state";
import { Glyph, Status } from "../ui/status";
import { DecisionList, RunLink } from "./decisions";
import { graphOf } from "./pipeline-graph";

const TABS: [string, string][] = [
  ["", "Overview"],
  ["plan", "Plan"],
  ["decisions", "Decisions"],
];

export function causeOf(run: Pick<PipelineRun, "cause">): string {
  return run.cause.kind === "trigger" ? `trigger ${run.cause.trigger}` : `by hand, ${run.cause.actor}`;
}

export const unitName = (unit: { step: string; partition?: string | null; item?: Record<string, unknown> }) =>
  [unit.step, unit.partition, ...Object.entries(unit.item ?? {}).map(([k, v]) => `${k}=${String(v)}`)].filter(Boolean).join(" · ");

function Runs({ name }: { name: string }) {
  const query = usePipelineRuns(name);
  return (
    <Panel title="Runs">
      <Loaded query={query}>
        {(list) =>
          list.items.length === 0 ? (
            <Empty title="Not run yet" cli={`volano pipeline run -P ${name}`} />
          ) : (
            <div className="scroll">
              <table className="t">
                <thead>
                  <tr>
                    <th>run</th>
                    <th>state</th>
                    <th>cause</th>
                    <th>data</th>
                    <th>when</th>
                    <th className="num">took</th>
                  </tr>
                </thead>
                <tbody>
                  {list.items.map((run) => (
                    <tr key={run.id}>
                      <td className="keep">
                        <To href={paths.pipelineRun(run.id)}>run {run.number}</To>
                      </td>
                      <td>
                        <Status state={run.state} />
                      </td>
                      <td className="wrap">{causeOf(run)}</td>
                      <td className="mono">
                        {Object.values(run.data).map((d) => (
                          <To key={d.dataset} href={paths.data(d.dataset, d.number)}>{`${d.dataset}@v${d.number} `}</To>
                        ))}
                      </td>
                      <td>
                        <When ms={run.created_ms} />
                      </td>
                      <td className="num"><Took from={run.started_ms} to={run.finished_ms} /></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Panel>
  );
}

function Triggers({ items }: { items: Trigger[] }) {
  const client = useQueryClient();
  const resume = useMutation({
    mutationFn: (t: Trigger) => post("/triggers/{project}/{name}/resume", { project: t.project, name: t.name }, undefined),
    onSuccess: (_, t) => {
      toast(`${t.name} listens again`);
      void client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("trigger") ?? false });
    },
    onError: (error) => toast(error.message),
  });
  if (items.length === 0) return <p className="pad ink2">None: runs start by hand. Name some under triggers: in volano.yaml.</p>;
  return (
    <ul className="lines">
      {items.map((t) => (
        <li key={t.name} className="stack">
          <span className="row">
            <b className="strong">{t.name}</b>
            <span className="right row">
              {t.paused ? <Status state="paused" /> : <Status state="ok">listens</Status>}
              {t.paused && (
                <button type="button" className="btn" disabled={resume.isPending} onClick={() => resume.mutate(t)}>
                  Resume
                </button>
              )}
            </span>
          </span>
          <span className="mono ink2 small wrap">{t.rule}</span>
          {(t.paused || t.next_due_ms || t.last_decision?.outcome !== "fired") && (
            <span className="small ink3">
              {t.paused ?? (t.last_fired_ms ? <>last fired <When ms={t.last_fired_ms} /></> : "has not fired")}
              {t.next_due_ms && <>, next <When ms={t.next_due_ms} /></>}
            </span>
          )}
          {t.last_decision && (
            <span className="small ink2 wrap">
              <Glyph state={t.last_decision.outcome} /> {words(t.last_decision.outcome)} <When ms={t.last_decision.time_ms} />: {t.last_decision.reason}{" "}
              {t.last_decision.pipeline_run && <RunLink id={t.last_decision.pipeline_run} project={t.project} />}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Plan({ name }: { name: string }) {
  const query = usePlan(name);
  return (
    <Loaded query={query}>
      {(plan) => {
        const runs = plan.units.filter((u) => u.action === "run").length;
        return (
          <Panel title="What a run would do now" tools={runs === 0 && !plan.units.some((u) => u.action === "wait") ? <Status state="ok">nothing has changed: nothing to do</Status> : `${runs} of ${plural(plan.units.length, "unit")} to run`}>
            <PlanTable units={plan.units} />
          </Panel>
        );
      }}
    </Loaded>
  );
}

function PlanTable({ units }: { units: PlanUnit[] }) {
  return (
    <div className="scroll">
      <table className="t">
        <thead>
          <tr>
            <th>unit</th>
            <th>action</th>
            <th>why</th>
            <th>key</th>
          </tr>
        </thead>
        <tbody>
          {units.map((u) => (
            <tr key={unitName(u)}>
              <td>{unitName(u)}</td>
              <td>
                <Status state={u.action} tone={u.action === "run" ? "live" : "idle"} />
              </td>
              <td className="wrap ink2">{u.reason}</td>
              <td className="mono ink3" title={u.key ?? ""}>
                {u.key?.slice(0, 10)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Problems({ items }: { items: FileProblem[] }) {
  return (
    <Panel title="The project file has mistakes" tools={<Status state="failed">the last valid one is in force</Status>}>
      <ul className="lines">
        {items.map((p) => (
          <li key={`${p.file}:${p.line}:${p.column} ${p.message}`} className="stack">
            <span className="mono">{`${p.file}:${p.line}:${p.column}`}</span>
            <span className="wrap">{p.message}</span>
            {p.help && <span className="ink2 wrap">{p.help}</span>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Main({ pipeline }: { pipeline: Pipeline }) {
  const router = useRouter();
  const triggers = useTriggers();
  const runs = usePipelineRuns(pipeline.name);
  const run = pipeline.last_run;
  const newest = usePipelineRun(run?.id);
  if (!useSettled(triggers, runs, newest)) return null;
  const units = newest.data?.steps ?? [];
  const { nodes, edges } = graphOf(pipeline.graph, units, run?.finished_ms ? "not reached" : "waits");
  const open = (step: string) => {
    if (!run) return;
    const unit = units.find((u) => u.step === step && u.state === "failed") ?? units.find((u) => u.step === step);
    router.history.push(`${paths.pipelineRun(run.id)}${unit ? `?unit=${unit.id}` : ""}`);
  };
  return (
    <div className="cols main-side">
      <div className="stack gap12">
        {pipeline.problems.length > 0 && <Problems items={pipeline.problems} />}
        <Panel title="Steps" tools={run && <><Status state={run.state} /><To href={paths.pipelineRun(run.id)}>run {run.number}</To></>}>
          <Graph nodes={nodes} edges={edges} label={`Steps of ${pipeline.name}`} onSelect={run ? open : undefined} />
        </Panel>
        <Runs name={pipeline.name} />
      </div>
      <div className="stack gap12">
        <Panel title="Objective">
          <div className="pad">
            <Facts
              items={[
                ["for", pipeline.objective?.problem ?? "not said: objective: in volano.yaml"],
                ["metric", pipeline.objective?.metric && <span key="m" className="mono">{pipeline.objective.metric}</span>],
                ["target", pipeline.objective?.target != null ? <span key="t" className="mono">{pipeline.objective.target}</span> : ""],
                ["runs", count(pipeline.runs)],
                ["deploys to", pipeline.deployment && <To key="d" href={paths.deploy(pipeline.deployment)}>{pipeline.deployment}</To>],
                ["folder", <span key="r" className="mono wrap">{pipeline.root}</span>],
              ]}
            />
          </div>
        </Panel>
        <Panel title="Triggers">
          <Loaded query={triggers}>{(list) => <Triggers items={list.items.filter((t) => t.project === pipeline.name)} />}</Loaded>
        </Panel>
      </div>
    </div>
  );
}

export function PipelinePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const [tab] = useParam("tab");
  const router = useRouter();
  const query = usePipeline(name);
  useView(name, `volano pipeline ${tab === "plan" ? "plan" : "status"} -P ${name}`);
  const run = useMutation({
    mutationFn: () => post("/pipelines/{name}/runs", { name }, { params: {} }),
    onSuccess: (made) => {
      toast(`Run ${made.number} of ${name} was started`);
      router.history.push(paths.pipelineRun(made.id));
    },
  });
  return (
    <Page
      title={name}
      crumb={<To href="/pipelines">Pipelines</To>}
      tools={
        <button type="button" className="btn primary" disabled={run.isPending || !query.data} onClick={() => run.mutate()}>
          Run
        </button>
      }
      tabs={<Tabs base={paths.pipeline(name)} at={tab} items={TABS} label="Pipeline" />}
    >
      {run.isError && <Panel><Fault error={run.error} retry={() => run.mutate()} /></Panel>}
      <Loaded query={query} missing={<Empty center title={`There is no pipeline ${name}`} cli="volano pipeline status" />}>
        {(pipeline) =>
          tab === "plan" ? <Plan name={name} /> : tab === "decisions" ? <DecisionList title="Decisions of its triggers and gate" project={name} limit={100} /> : <Main pipeline={pipeline} />
        }
      </Loaded>
    </Page>
  );
}
