/** From one prediction back to the rows it was learnt from: one thread, each knot a recorded fact. */
import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTrace } from "../api/queries";
import type { Told, Trace, TracedInput } from "../api/types";
import { count, exact, figure, inline, plain, plural, sentence, shortId, span } from "../lib/format";
import { byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { reasonOf } from "../lib/phrases";
import { useView } from "../lib/store";
import { Facts, Page, Panel, To, When } from "../ui/bits";
import { Empty, Loaded } from "../ui/state";
import { Outcome } from "./decisions";
import { causeOf } from "./pipeline";
import { leading } from "./run";

interface Knot {
  title: string;
  /** The thing itself, with its page. */
  thing?: ReactNode;
  body?: ReactNode;
}

function Values({ entries }: { entries: [string, unknown][] }) {
  return (
    <dl className="values">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono">{typeof value === "number" ? plain(value) : inline(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Said({ told }: { told: Told }) {
  return (
    <p className="row gap12">
      <Outcome decision={told} />
      <span className="wrap">{reasonOf(told)}</span>
      <span className="ink3 small right">
        <When ms={told.time_ms} />
      </span>
    </p>
  );
}

/** Figures and parameters that fit here; the run's page has all of them. */
const TOLD = 7;
const LONG = 24;

function telling(run: NonNullable<Trace["run"]>): [string, unknown][] {
  const metrics = byRank(Object.keys(run.metrics)).slice(0, TOLD).map((key): [string, unknown] => [key, run.metrics[key]]);
  return [...metrics, ...leading(run.params).filter(([, value]) => value.length <= LONG).slice(0, TOLD)];
}

function rowsOf(input: TracedInput): number | null {
  const known = input.parts.map((part) => part.rows).filter((rows) => rows !== null);
  return known.length ? known.reduce((a, b) => a + b, 0) : null;
}

/** `2013-01 to 2013-04` where the parts are partitions. */
function partsOf(input: TracedInput): string {
  const names = input.parts.map((part) => part.partition).filter((name) => name !== null).sort();
  return names.length > 1 ? `${names[0]} to ${names.at(-1)}, ${plural(names.length, "part")}` : (names[0] ?? "");
}

function Inputs({ inputs }: { inputs: TracedInput[] }) {
  return (
    <Facts
      items={inputs.map((input): [string, ReactNode] => [
        input.name,
        <span key={input.name}>
          <span className="mono">{input.reference}</span>
          <span className="ink2">{[rowsOf(input) === null ? "" : ` ${count(rowsOf(input))} rows`, partsOf(input)].filter(Boolean).join(" · ")}</span>
        </span>,
      ])}
    />
  );
}

function knots(trace: Trace): Knot[] {
  const { prediction, model_version: version, deployment, gate, evaluation, run, step_run: step, pipeline_run: made, trigger } = trace;
  const list: (Knot | null)[] = [
    {
      title: "Prediction",
      thing: <span className="mono strong">{typeof prediction.output === "number" ? figure(prediction.output) : inline(prediction.output)}</span>,
      body: (
        <>
          <Facts
            items={[
              ["when", exact(prediction.time_ms)],
              ["answered in", span(prediction.latency_us / 1000)],
              ["truth", trace.label ? <span key="l" className="mono">{inline(trace.label.value)}</span> : "no label yet"],
              ["id", <span key="i" className="mono wrap">{prediction.id}</span>],
            ]}
          />
          <Values entries={Object.entries(prediction.features)} />
        </>
      ),
    },
    {
      title: "Model version",
      thing: <To className="mono" href={paths.model(version.name, version.version)}>{`${version.name}:${version.version}`}</To>,
      body: (
        <>
          {deployment && (
            <p>
              served by <To href={paths.deploy(deployment.name)}>{deployment.name}</To>, watched on <To href={paths.monitor(deployment.name)}>its monitor</To>
            </p>
          )}
          {evaluation && <p className="ink2 wrap">{evaluation.sentence}</p>}
        </>
      ),
    },
    gate && { title: "Gate", body: <Said told={gate} /> },
    trace.approvals.length > 0 ? { title: "Approvals", body: trace.approvals.map((told) => <Said key={told.id} told={told} />) } : null,
    run && {
      title: "Training run",
      thing: <To href={paths.run(run.id)}>{run.name || shortId(run.id)}</To>,
      body: (
        <>
          <Values entries={telling(run)} />
          <Facts
            items={[
              ["step", step?.step],
              ["code", trace.code && <span key="c" className="mono" title={trace.code}>{trace.code.slice(0, 16)}</span>],
              ["environment", trace.environment && <span key="e" className="mono" title={trace.environment}>{trace.environment.slice(0, 16)}</span>],
            ]}
          />
        </>
      ),
    },
    trace.data.length > 0 ? { title: "What it read", body: <Inputs inputs={trace.data} /> } : null,
    made && {
      title: "Pipeline run",
      thing: <To href={`${paths.pipelineRun(made.id)}${step ? `?unit=${step.id}` : ""}`}>run {made.number}</To>,
      body: (
        <p className="ink2">
          {causeOf(made)}, <When ms={made.created_ms} />
        </p>
      ),
    },
    trigger && { title: "Trigger", body: <Said told={trigger} /> },
    trace.data_versions.length > 0
      ? {
          title: "Data versions",
          body: (
            <Facts
              items={trace.data_versions.map((d): [string, ReactNode] => [
                d.dataset,
                <span key={d.dataset}>
                  <To className="mono" href={paths.data(d.dataset, d.number)}>{`${d.dataset}@v${d.number}`}</To>
                  <span className="ink2">{` ${d.rows === null ? "" : `${count(d.rows)} rows in `}${plural(d.files, "file")}`}</span>
                </span>,
              ])}
            />
          ),
        }
      : null,
  ];
  return list.filter((knot) => knot !== null);
}

function Thread({ list }: { list: Knot[] }) {
  return (
    <ol>
      {list.map((knot, i) => (
        <li key={knot.title} className="thread">
          <span className={`knot ${i === list.length - 1 ? "last" : ""}`} aria-hidden="true" />
          <div className="bead stack gap8">
            <h2 className="row">
              <span className="ink2">{knot.title}</span> {knot.thing}
            </h2>
            {knot.body}
          </div>
        </li>
      ))}
    </ol>
  );
}

export function TracePage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useTrace(id);
  const deployment = query.data?.deployment?.name;
  useView(`Trace ${shortId(id)}`, `volano trace ${id}`);
  return (
    <Page title={<>Trace of <span className="mono" title={id}>{shortId(id)}</span></>} crumb={deployment ? <To href={paths.deploy(deployment)}>{deployment}</To> : <To href="/deploy">Deployments</To>}>
      <Loaded query={query} missing={<Empty center title="No prediction has this id" cli="volano trace PREDICTION_ID">The id is in the header x-volano-prediction-id of each answer.</Empty>}>
        {(trace) => (
          <Panel title="The way back">
            <div className="pad stack gap12">
              <p className="wrap">{sentence(trace.sentence)}</p>
              <Thread list={knots(trace)} />
            </div>
          </Panel>
        )}
      </Loaded>
    </Page>
  );
}
