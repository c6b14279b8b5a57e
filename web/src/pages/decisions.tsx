/** Stored decisions: what a trigger, a gate or a rollout concluded, and on what evidence. */
import { Fragment, useState } from "react";
import { useDecisions, usePipelineRuns } from "../api/queries";
import type { Decision } from "../api/types";
import { brief, exact, figure, inline, LONG_AGO_MS, shortId, span, words } from "../lib/format";
import { paths } from "../lib/paths";
import { reasonOf } from "../lib/phrases";
import { Panel, To, When } from "../ui/bits";
import { Loaded } from "../ui/state";
import { Glyph, Status, type Tone } from "../ui/status";

const TONES: Record<string, Tone> = { fired: "good", accepted: "good", completed: "good", advanced: "live", merged: "idle", no_change: "idle", suppressed: "warn", waiting_approval: "warn", rolled_back: "warn", rejected: "bad", failed: "bad" };

export function Outcome({ decision }: { decision: Pick<Decision, "outcome"> }) {
  return <Status state={decision.outcome} tone={TONES[decision.outcome] ?? "idle"} />;
}

/** Any evidence as a nested list of names and values. */
export function Evidence({ value, depth = 0, name = "" }: { value: unknown; depth?: number; name?: string }) {
  if (typeof value === "number" && name.endsWith("_ms")) return value > LONG_AGO_MS ? <time>{exact(value)}</time> : <span className="mono">{span(value)}</span>;
  if (value === null || typeof value !== "object") return <span className="mono wrap">{inline(value)}</span>;
  const entries: [string, unknown][] = Array.isArray(value) ? value.map((v, i) => [String(i + 1), v]) : Object.entries(value);
  if (entries.length === 0) return <span className="ink3">nothing</span>;
  if (depth > 3) return <span className="wrap">{brief(value)}</span>;
  return (
    <dl className="facts">
      {entries.map(([key, inner]) => (
        <Fragment key={key}>
          <dt>{words(key.replace(/_ms$/, ""))}</dt>
          <dd>
            <Evidence value={inner} depth={depth + 1} name={key} />
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}

interface Condition {
  condition: string;
  outcome: string;
  sentence: string;
  values: { name: string; slice?: string | null; value: unknown }[];
}

/** The figures that a condition looked at, in their units; its sentence where there is none. */
function observed(c: Condition): string {
  const say = (name: string, value: unknown) => {
    if (typeof value !== "number") return inline(value);
    return name.startsWith("latency_") ? span(value) : figure(value);
  };
  return c.values.map((v) => `${v.name}${v.slice ? ` of ${v.slice}` : ""} ${say(v.name, v.value)}`).join(" · ") || c.sentence;
}

/** The conditions of a gate, each with what it looked at. */
export function Conditions({ list }: { list: Condition[] }) {
  return (
    <div className="scroll">
      <table className="t">
        <tbody>
          {list.map((c) => (
            <tr key={c.condition}>
              <td>
                <Glyph state={c.outcome} tone={c.outcome === "passed" ? "good" : c.outcome === "no_champion" ? "idle" : "bad"} />
              </td>
              <td className="mono wrap">{c.condition}</td>
              <td className="ink2 wrap" title={c.sentence}>{observed(c)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The verdict on each condition of a gate, from the decision's evidence. */
export function conditions(evidence: unknown): Condition[] {
  const list = (evidence as { conditions?: unknown } | null)?.conditions;
  if (!Array.isArray(list)) return [];
  return (list as Partial<Condition>[]).map((c) => ({ condition: c.condition ?? "", outcome: c.outcome ?? "unknown", sentence: c.sentence ?? "", values: c.values ?? [] }));
}

/** A pipeline run by its number, which is what people call it. */
export function RunLink({ id, project }: { id: string; project?: string | null }) {
  const runs = usePipelineRuns(project ?? "", !!project);
  const number = runs.data?.items.find((run) => run.id === id)?.number;
  return <To href={paths.pipelineRun(id)}>{number === undefined ? shortId(id) : `run ${number}`}</To>;
}

function Row({ decision }: { decision: Decision }) {
  const [open, setOpen] = useState(false);
  const list = conditions(decision.evidence);
  return (
    <>
      <tr>
        <td>
          <button type="button" className="btn quiet icon" aria-expanded={open} aria-label={`Evidence of ${decision.subject}`} onClick={() => setOpen(!open)}>
            {open ? "▾" : "▸"}
          </button>
        </td>
        <td className="ink3">
          <When ms={decision.time_ms} />
        </td>
        <td>
          <Outcome decision={decision} />
        </td>
        <td className="ink2">{decision.kind}</td>
        <td className="mono">{decision.subject}</td>
        <td className="wrap why">{reasonOf(decision)}</td>
        <td className="keep steady">{decision.pipeline_run && <RunLink id={decision.pipeline_run} project={decision.project} />}</td>
      </tr>
      {open && (
        <tr>
          <td />
          <td colSpan={6} className="evidence">
            {decision.kind === "gate" && list.length > 0 ? <Conditions list={list} /> : <Evidence value={decision.evidence} />}
          </td>
        </tr>
      )}
    </>
  );
}

export function DecisionTable({ items }: { items: Decision[] }) {
  return (
    <div className="scroll">
      <table className="t">
        <thead>
          <tr>
            <th>
              <span className="sr">evidence</span>
            </th>
            <th>when</th>
            <th>outcome</th>
            <th>by</th>
            <th>about</th>
            <th>why</th>
            <th>run</th>
          </tr>
        </thead>
        <tbody>
          {items.map((d) => (
            <Row key={d.id} decision={d} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function DecisionList({ title, project, limit }: { title: string; project?: string; limit: number }) {
  const query = useDecisions({ project, limit });
  return (
    <Panel title={title}>
      <Loaded query={query}>
        {(list) => (list.items.length === 0 ? <p className="pad ink2">Nothing was decided yet.</p> : <DecisionTable items={list.items} />)}
      </Loaded>
    </Panel>
  );
}
