/** Stored decisions: what a trigger, a gate or a rollout concluded, and on what evidence. */
import { Fragment, useState } from "react";
import { useDecisions, usePipelineRuns } from "../api/queries";
import type { Decision } from "../api/types";
import { brief, exact, inline, LONG_AGO_MS, shortId, span, words } from "../lib/format";
import { paths } from "../lib/paths";
import { reasonOf } from "../lib/phrases";
import { Panel, To, When } from "../ui/bits";
import { Loaded } from "../ui/state";
import { Status, type Tone } from "../ui/status";

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

/** A pipeline run by its number, which is what people call it. */
export function RunLink({ id, project }: { id: string; project?: string | null }) {
  const runs = usePipelineRuns(project ?? "", !!project);
  const number = runs.data?.items.find((run) => run.id === id)?.number;
  return <To href={paths.pipelineRun(id)}>{number === undefined ? shortId(id) : `run ${number}`}</To>;
}

function Row({ decision }: { decision: Decision }) {
  const [open, setOpen] = useState(false);
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
          <td colSpan={6}>
            <Evidence value={decision.evidence} />
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
