/** One pipeline run: the graph, each unit with why it ran or not, the log as it is written. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { post, text } from "../api/client";
import { usePipelineRun } from "../api/queries";
import type { PipelineRunDetail, StepRun } from "../api/types";
import { inline, plural, shortId, span } from "../lib/format";
import { paths } from "../lib/paths";
import { toast, useView } from "../lib/store";
import { Cards, Facts, Page, Panel, To, Took, useParam, When } from "../ui/bits";
import { Graph } from "../ui/graph";
import { Empty, Fault, Loaded } from "../ui/state";
import { Status, toneOf } from "../ui/status";
import { DecisionTable } from "./decisions";
import { causeOf, unitName } from "./pipeline";
import { graphOf, stepTone } from "./pipeline-graph";

const LOG_MS = 1_000;
const live = (state: string) => toneOf(state) === "live" || state === "queued" || state === "ready";

/** Reads a log from where the last read ended, for as long as its step runs. */
function useLog(step: StepRun | undefined): { body: string; error: unknown } {
  const [body, setBody] = useState("");
  const offset = useRef(0);
  const id = step?.id ?? "";
  useEffect(() => {
    offset.current = 0;
    setBody("");
  }, [id]);
  const query = useQuery({
    queryKey: ["log", id, step?.state],
    queryFn: async ({ signal }) => {
      // The server sends a piece at a time; an empty one is the end so far.
      for (;;) {
        const { body: more, headers } = await text("/step-runs/{id}/log", { id, offset: offset.current }, signal);
        if (!more) return offset.current;
        offset.current = Number(headers.get("x-volano-next-offset") ?? offset.current + new TextEncoder().encode(more).length);
        setBody((before) => before + more);
      }
    },
    enabled: id !== "",
    gcTime: 0,
    staleTime: 0,
    refetchInterval: step && live(step.state) ? LOG_MS : false,
  });
  return { body, error: query.error };
}

function Log({ step }: { step: StepRun }) {
  const { body, error } = useLog(step);
  const box = useRef<HTMLPreElement>(null);
  const stuck = useRef(true);
  useEffect(() => {
    if (stuck.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [body]);
  if (error) return <Fault error={error} />;
  return (
    <pre
      ref={box}
      className="log step"
      tabIndex={0}
      aria-label={`Log of ${unitName(step)}`}
      onScroll={(e) => {
        const el = e.currentTarget;
        stuck.current = el.scrollHeight - el.scrollTop - el.clientHeight < 24;
      }}
    >
      {body || (live(step.state) ? "No output yet." : "This unit wrote nothing.")}
    </pre>
  );
}

function StepPanel({ step }: { step: StepRun }) {
  return (
    <Panel title={unitName(step)} tools={<Status state={step.state} tone={stepTone(step.state)} />}>
      <div className="pad stack gap8">
        <Facts
          items={[
            ["why", step.reason],
            ["attempt", step.attempt > 0 ? String(step.attempt) : ""],
            ["took", step.started_ms && step.finished_ms ? span(step.finished_ms - step.started_ms) : ""],
            ["key", <span key="k" className="mono wrap" title={step.key}>{step.key.slice(0, 16)}</span>],
            ["tracked run", step.tracked_run && <To key="r" className="mono" href={paths.run(step.tracked_run)}>{shortId(step.tracked_run)}</To>],
            ["failed by", step.failure && `${step.failure.cause}${step.failure.exit_code == null ? "" : `, exit code ${step.failure.exit_code}`}`],
          ]}
        />
        {step.failure && <p className="bad wrap">{step.failure.message}</p>}
      </div>
      {step.state !== "skipped" && step.state !== "restored" && <Log step={step} />}
    </Panel>
  );
}

function Steps({ steps, at, pick }: { steps: StepRun[]; at?: string; pick: (id: string) => void }) {
  return (
    <Panel title="Units" tools={plural(steps.length, "unit")}>
      <div className="scroll">
        <table className="t">
          <thead>
            <tr>
              <th>unit</th>
              <th>state</th>
              <th>why</th>
              <th className="num">took</th>
            </tr>
          </thead>
          <tbody>
            {steps.map((s) => (
              <tr key={s.id} className={s.id === at ? "on" : ""}>
                <td className="keep">
                  <button type="button" className="linkish" aria-pressed={s.id === at} onClick={() => pick(s.id)}>
                    {unitName(s)}
                  </button>
                </td>
                <td>
                  <Status state={s.state} tone={stepTone(s.state)} />
                </td>
                <td className="wrap ink2">{s.failure?.message ?? s.reason}</td>
                <td className="num"><Took from={s.started_ms} to={s.finished_ms} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Body({ run }: { run: PipelineRunDetail }) {
  const [picked, pick] = useParam("unit");
  const worst = run.steps.find((s) => s.state === "failed") ?? run.steps.find((s) => toneOf(s.state) === "live") ?? run.steps.at(-1);
  const at = run.steps.find((s) => s.id === picked) ?? worst;
  const { nodes, edges } = graphOf(run.graph, run.steps, live(run.state) ? "waits" : "not reached");
  const ran = run.steps.filter((s) => s.state === "succeeded").length;
  const kept = run.steps.filter((s) => s.state === "skipped" || s.state === "restored").length;
  return (
    <>
      <Panel>
        <Cards
          items={[
            { label: "state", value: <Status state={run.state} />, note: run.message ?? "" },
            { label: run.cause.kind === "trigger" ? "started by trigger" : "started by", value: <span title={causeOf(run)}>{run.cause.kind === "trigger" ? run.cause.trigger : run.cause.actor}</span>, note: <When ms={run.created_ms} /> },
            { label: run.finished_ms ? "took" : "so far", value: run.started_ms ? <Took from={run.started_ms} to={run.finished_ms} /> : "waits" },
            { label: "units run", value: `${ran} of ${run.steps.length}`, note: kept ? `${kept} kept from before` : "nothing to keep" },
          ]}
        />
      </Panel>
      <Panel title="Steps">
        <Graph nodes={nodes} edges={edges} label="Steps" selected={at?.step} onSelect={(step) => pick((run.steps.find((s) => s.step === step && s.state === "failed") ?? run.steps.find((s) => s.step === step))?.id ?? "")} />
      </Panel>
      <div className="cols two">
        <Steps steps={run.steps} at={at?.id} pick={pick} />
        <div className="stack gap12">
          {at && <StepPanel step={at} />}
          <Panel title="Frozen inputs">
            <div className="pad">
              <Facts
                items={[
                  ...Object.entries(run.data).map(([name, d]): [string, React.ReactNode] => [name, <To key={name} className="mono" href={paths.data(d.dataset, d.number)}>{`${d.dataset}@v${d.number}`}</To>]),
                  ...Object.entries(run.params).map(([name, v]): [string, React.ReactNode] => [name, <span key={name} className="mono">{typeof v === "number" ? String(v) : inline(v)}</span>]),
                  ["code", <span key="c" className="mono" title={run.code_tree}>{run.code_tree.slice(0, 16)}</span>],
                ]}
              />
            </div>
          </Panel>
        </div>
      </div>
      {run.decisions.length > 0 && (
        <Panel title="Decisions">
          <DecisionTable items={run.decisions} />
        </Panel>
      )}
    </>
  );
}

export function PipelineRunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = usePipelineRun(id);
  const run = query.data;
  useView(run ? `${run.project} run ${run.number}` : "Pipeline run", `volano pipeline status ${shortId(id)}`);
  const cancel = useMutation({
    mutationFn: () => post("/pipeline-runs/{id}/cancel", { id }, undefined),
    onSuccess: () => toast("The run is being cancelled"),
    onError: (error) => toast(error.message),
  });
  return (
    <Page
      title={run ? `run ${run.number}` : shortId(id)}
      crumb={<To href={run ? paths.pipeline(run.project) : "/pipelines"}>{run?.project ?? "Pipelines"}</To>}
      tools={
        run &&
        live(run.state) && (
          <button type="button" className="btn" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel
          </button>
        )
      }
    >
      <Loaded query={query} missing={<Empty center title="There is no such pipeline run" cli="volano pipeline status">{id}</Empty>}>
        {(data) => <Body run={data} />}
      </Loaded>
    </Page>
  );
}
