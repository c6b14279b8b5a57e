/** From one prediction back to the rows it was learnt from: one thread, each knot a recorded fact. */
import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTrace } from "../api/queries";
import type { Trace } from "../api/types";
import { exact, figure, inline, shortId, span, words } from "../lib/format";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Facts, Page, Panel, To } from "../ui/bits";
import { Empty, Loaded } from "../ui/state";
import { Evidence } from "./decisions";

interface Knot {
  title: ReactNode;
  body: ReactNode;
}

/** What comes after the prediction, in the order of the way back. */
const ORDER = ["label", "deployment", "rollout", "model_version", "gate", "gate_decision", "approvals", "evaluation", "run", "step_run", "environment", "code", "pipeline_run", "data", "data_versions", "trigger", "trigger_decision", "decisions"];

function linkOf(part: string, value: unknown): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const v = value as Record<string, unknown>;
  const name = typeof v.name === "string" ? v.name : undefined;
  const id = typeof v.id === "string" ? v.id : undefined;
  if (part === "deployment" && name) return paths.deploy(name);
  if (part === "model_version" && name && typeof v.version === "number") return paths.model(name, v.version);
  if (part === "run" && id) return paths.run(id);
  if (part === "pipeline_run" && id) return paths.pipelineRun(id);
  return undefined;
}

function knots(trace: Trace): Knot[] {
  const { prediction, sentence: _said, ...rest } = trace;
  const parts = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0));
  const rank = (part: string) => (ORDER.includes(part) ? ORDER.indexOf(part) : ORDER.length);
  parts.sort(([a], [b]) => rank(a) - rank(b));
  const first: Knot = {
    title: "prediction",
    body: (
      <Facts
        items={[
          ["id", <span key="i" className="mono wrap">{prediction.id}</span>],
          ["when", exact(prediction.time_ms)],
          ["answer", <span key="o" className="mono">{typeof prediction.output === "number" ? figure(prediction.output) : inline(prediction.output)}</span>],
          ["latency", span(prediction.latency_us / 1000)],
          ["inputs", <Evidence key="f" value={prediction.features} />],
        ]}
      />
    ),
  };
  return [
    first,
    ...parts.map(([part, value]): Knot => {
      const href = linkOf(part, value);
      return { title: href ? <To href={href}>{words(part)}</To> : words(part), body: <Evidence value={value} /> };
    }),
  ];
}

function Thread({ list }: { list: Knot[] }) {
  return (
    <ol>
      {list.map((knot, i) => (
        <li key={i} className="thread">
          <span className={`knot ${i === list.length - 1 ? "last" : ""}`} aria-hidden="true" />
          <div className="bead stack gap8">
            <h2>{knot.title}</h2>
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
  useView(`Trace ${shortId(id)}`, `volano trace ${id}`);
  return (
    <Page title={<span className="mono">{shortId(id)}</span>} crumb="Trace of prediction">
      <Loaded query={query} missing={<Empty center title="No prediction has this id" cli="volano trace PREDICTION_ID">The id is in the header x-volano-prediction-id of each answer.</Empty>}>
        {(trace) => (
          <Panel title="The way back">
            <div className="pad stack gap12">
              {trace.sentence && <p className="wrap">{trace.sentence}</p>}
              <Thread list={knots(trace)} />
            </div>
          </Panel>
        )}
      </Loaded>
    </Page>
  );
}
