/** One trace of an application: its steps as a tree on a time axis, what went in and out, and what was said about it. */
import { useParams } from "@tanstack/react-router";
import { useRequestTrace } from "../api/queries";
import type { TraceDetail, TraceSpan } from "../api/types";
import { count, exact, figure, plural, span } from "../lib/format";
import { useView } from "../lib/store";
import { Facts, Page, Panel, To, useParam, When } from "../ui/bits";
import { Empty, Loaded } from "../ui/state";
import { Glyph, Status } from "../ui/status";
import { tagsOf } from "./traces";

/** JSON with its lines, as text. */
function shown(text: string | null | undefined): string {
  if (!text) return "–";
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}

/** Steps last from microseconds to hours. */
function took(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "runs";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  return ms < 1000 ? `${ms.toFixed(1)} ms` : span(ms);
}

function Waterfall({ trace, at, open }: { trace: TraceDetail; at: string; open: (id: string) => void }) {
  const end = Math.max(1e-6, trace.duration_ms ?? 0, ...trace.spans.map((step) => step.offset_ms + (step.duration_ms ?? 0)));
  return (
    <ol className="waterfall" aria-label="Steps">
      {trace.spans.map((step) => (
        <li key={step.id}>
          <button type="button" aria-pressed={step.id === at} title={`${step.name}: ${took(step.duration_ms)}, begins after ${took(step.offset_ms)}`} onClick={() => open(step.id)}>
            <span className="row" style={{ paddingLeft: `${Math.min(step.depth, 12) * 14}px` }}>
              <Glyph state={step.status === "unset" ? "idle" : step.status} />
              <span className="cut">{step.name}</span>
              {step.kind && <span className="ink3 small">{step.kind.toLowerCase()}</span>}
            </span>
            <span className="lane" aria-hidden="true">
              <i className={step.status === "error" ? "bad" : ""} style={{ left: `${(100 * step.offset_ms) / end}%`, width: `${Math.max(0.4, (100 * (step.duration_ms ?? 0)) / end)}%` }} />
            </span>
            <span className="num mono">{took(step.duration_ms)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

function Text({ title, text }: { title: string; text: string | null | undefined }) {
  return (
    <>
      <h3>{title}</h3>
      <pre className="told" tabIndex={0} aria-label={title}>
        {shown(text)}
      </pre>
    </>
  );
}

function Step({ step }: { step: TraceSpan }) {
  const rest = Object.entries(step.attributes).filter(([key]) => !["mlflow.traceRequestId", "mlflow.spanType"].includes(key));
  return (
    <Panel title={step.name} tools={<Status state={step.status === "unset" ? "idle" : step.status}>{step.status}</Status>}>
      <div className="pad stack gap12">
        <Facts items={[["kind", step.kind], ["begins after", took(step.offset_ms)], ["took", took(step.duration_ms)], ["message", step.message]]} />
        <Text title="Inputs" text={step.inputs} />
        <Text title="Outputs" text={step.outputs} />
        {rest.length > 0 && <Text title="Attributes" text={JSON.stringify(Object.fromEntries(rest.map(([key, text]) => [key, parsed(text)])))} />}
        {step.events.map((event, index) => (
          <Text key={`${event.name} ${index}`} title={`${event.name} after ${took(event.offset_ms)}`} text={JSON.stringify(Object.fromEntries(Object.entries(event.attributes).map(([key, text]) => [key, parsed(text)])))} />
        ))}
      </div>
    </Panel>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function Said({ trace }: { trace: TraceDetail }) {
  return (
    <Panel title={plural(trace.assessments.length, "assessment")}>
      <div className="pad stack gap12">
        {trace.assessments.map((said) => (
          <Facts
            key={said.id}
            items={[
              [said.kind, said.valid ? said.name : `${said.name} (overridden)`],
              ["value", <pre key="v" className="told">{said.error ?? said.value}</pre>],
              ["by", said.by ? `${said.by} (${said.source.replace("_", " ")})` : said.source.replace("_", " ")],
              ["why", said.rationale],
              ["when", <When key="w" ms={said.created_ms} />],
            ]}
          />
        ))}
      </div>
    </Panel>
  );
}

function Whole({ trace }: { trace: TraceDetail }) {
  const [at, setAt] = useParam("step", trace.spans[0]?.id ?? "");
  const step = trace.spans.find((one) => one.id === at);
  const tokens = trace.total_tokens == null ? undefined : `${count(trace.total_tokens)} (${count(trace.input_tokens)} in, ${count(trace.output_tokens)} out)`;
  return (
    <div className="stack gap12">
      <Panel>
        <div className="pad">
          <Facts
            items={[
              ["status", <Status key="s" state={trace.state} />],
              ["when", exact(trace.start_ms)],
              ["took", span(trace.duration_ms)],
              ["tokens", tokens],
              ["cost", trace.total_cost == null ? undefined : `$${figure(trace.total_cost)}`],
              ["conversation", trace.session],
              ["tags", tagsOf(trace.tags).map(([key, value]) => `${key}=${value}`).join(" ")],
              ["id", <span key="i" className="mono">{trace.id}</span>],
            ]}
          />
        </div>
      </Panel>
      <Panel title={plural(trace.spans.length, "step")}>
        {trace.spans.length > 0 ? <Waterfall trace={trace} at={at} open={setAt} /> : <p className="pad ink2">The steps of this trace have not come.</p>}
      </Panel>
      {step && <Step step={step} />}
      {trace.assessments.length > 0 && <Said trace={trace} />}
    </div>
  );
}

export function RequestTracePage() {
  const { id } = useParams({ strict: false });
  const query = useRequestTrace(id ?? "");
  const name = query.data?.name || "Trace";
  useView(name, `volano traces show ${id}`);
  return (
    <Page title={name} crumb={<To href="/traces">Traces</To>}>
      <Loaded query={query} missing={<Empty center title="There is no such trace" cli="volano traces ls">It may have been deleted.</Empty>}>
        {(trace) => <Whole trace={trace} />}
      </Loaded>
    </Page>
  );
}
