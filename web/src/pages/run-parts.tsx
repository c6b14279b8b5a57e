/** Panels of a run's overview: where it came from, its code, data, environment and models, and what hangs on it. */
import { useState } from "react";
import { useExperimentNames, usePipelineRun } from "../api/queries";
import type { LoggedModel, Run, RunDataset, RunLinks } from "../api/types";
import { count, figure, shortId, span } from "../lib/format";
import { byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { againLine, codeOf, columnsOf, rowsOf, sourceOf } from "../lib/run-facts";
import { Cli, Facts, Panel, To, When } from "../ui/bits";
import { Status } from "../ui/status";
import { AliasTag } from "./models";

/** Rows of a list before the rest is asked for. */
const FIRST = 16;

export function KeyValues({ title, entries, empty }: { title: string; entries: [string, string][]; empty: string }) {
  const [all, setAll] = useState(false);
  const [filter, setFilter] = useState("");
  const wanted = entries.filter(([key]) => key.toLowerCase().includes(filter.trim().toLowerCase()));
  const shown = all || filter ? wanted : wanted.slice(0, FIRST);
  return (
    <Panel
      title={title}
      tools={
        entries.length > 0 && (
          <>
            {entries.length > FIRST && <input className="input narrow" aria-label={`Filter ${title.toLowerCase()}`} placeholder="filter" value={filter} onChange={(e) => setFilter(e.target.value)} />}
            {count(entries.length)}
          </>
        )
      }
    >
      {entries.length === 0 ? (
        <p className="pad ink2">{empty}</p>
      ) : (
        <table className="t pairs">
          <tbody>
            {shown.map(([key, value]) => (
              <tr key={key}>
                <td className="ink2 wrap">{key}</td>
                <td className="mono wrap">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {!filter && entries.length > FIRST && (
        <footer>
          <button type="button" className="linkish" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Show fewer" : `Show all ${count(entries.length)}`}
          </button>
        </footer>
      )}
    </Panel>
  );
}

const mono = (text: string | undefined, key: string) => text && <span key={key} className="mono wrap">{text}</span>;

export function Origin({ run, links }: { run: Run; links: RunLinks | undefined }) {
  const experiment = useExperimentNames()(run.experiment);
  const pipelineRun = run.tags["volano.pipeline_run"];
  const step = run.tags["volano.step_run"];
  const made = usePipelineRun(pipelineRun);
  return (
    <Panel title="Origin">
      <div className="pad">
        <Facts
          items={[
            ["experiment", <span key="e" className="row"><To href={`/runs?experiment=${encodeURIComponent(experiment)}`}>{experiment}</To><To className="small" href={paths.experiment(experiment)}>notes</To></span>],
            ["started", <When key="s" ms={run.start_ms} />],
            ["took", run.start_ms && run.end_ms && span(run.end_ms - run.start_ms)],
            ["by", run.user],
            ["part of", links?.parent && <To key="p" href={paths.run(links.parent.id)}>{links.parent.name || shortId(links.parent.id)}</To>],
            ["pipeline run", pipelineRun && <To key="r" href={`${paths.pipelineRun(pipelineRun)}${step ? `?unit=${step}` : ""}`}>{made.data ? `${made.data.project} run ${made.data.number}` : shortId(pipelineRun)}</To>],
            ["step", run.tags["volano.step"]],
            ["run id", mono(run.id, "i")],
          ]}
        />
      </div>
    </Panel>
  );
}

export function CodePanel({ run, diff }: { run: Run; diff: string | undefined }) {
  const code = codeOf(run.tags);
  const tree = run.tags["volano.code"];
  if (!code.source && !code.commit && !tree && !diff) return null;
  const commit = code.commit?.slice(0, 10);
  return (
    <Panel title="Code">
      <div className="pad">
        <Facts
          items={[
            ["source", mono(code.source, "n")],
            ["kind", code.type],
            ["commit", commit && (code.href ? <a key="c" className="mono" href={code.href} target="_blank" rel="noopener noreferrer" title={code.commit}>{commit}</a> : <span key="c" className="mono" title={code.commit}>{commit}</span>)],
            ["branch", mono(code.branch, "b")],
            ["repository", mono(code.repository, "u")],
            ["changed", diff ? <To key="d" href={paths.artifact(run.id, diff)}>{code.changed ? `${code.changed} files, see the diff` : "see the diff"}</To> : code.changed ? `${code.changed} files against the commit` : undefined],
            ["tree", tree && <span key="t" className="mono" title={tree}>{tree.slice(0, 16)}</span>],
          ]}
        />
      </div>
    </Panel>
  );
}

function Dataset({ data }: { data: RunDataset }) {
  const [open, setOpen] = useState(false);
  const columns = columnsOf(data.schema);
  const rows = rowsOf(data.profile);
  const source = sourceOf(data.source);
  return (
    <li className="stack">
      <div className="row">
        <span className="strong">{data.name}</span>
        {data.context && <span className="tag">{data.context}</span>}
        <span className="mono ink3 right" title="digest">{data.digest}</span>
      </div>
      <div className="row small ink2">
        {rows !== undefined && <span className="keep">{count(rows)} rows</span>}
        {columns.length > 0 && (
          <button type="button" className="linkish small keep" aria-expanded={open} onClick={() => setOpen(!open)}>
            {columns.length} columns
          </button>
        )}
        {source.version ? <To href={`/data/${source.version}`}>{source.version}</To> : <span className="mono wrap">{source.text || data.source_type}</span>}
      </div>
      {open && (
        <table className="t pairs">
          <tbody>
            {columns.map((column, i) => (
              <tr key={i}>
                <td className="wrap">{column.name}</td>
                <td className="mono">{column.type}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </li>
  );
}

/** Data that the run read: as its client logged it, and the versions that the platform pinned. */
export function DataPanel({ run, links }: { run: Run; links: RunLinks | undefined }) {
  const pinned = Object.entries(run.tags).filter(([key]) => key.startsWith("volano.data."));
  const logged = links?.datasets ?? [];
  if (pinned.length === 0 && logged.length === 0) return null;
  return (
    <Panel title="Data">
      {pinned.length > 0 && (
        <div className="pad">
          <Facts items={pinned.map(([key, value]): [string, React.ReactNode] => [key.slice("volano.data.".length), <To key={key} className="mono" href={`/data/${value}`}>{value}</To>])} />
        </div>
      )}
      {logged.length > 0 && (
        <ul className="lines">
          {logged.map((data) => (
            <Dataset key={`${data.name} ${data.digest} ${data.context}`} data={data} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Model({ run, model }: { run: Run; model: LoggedModel }) {
  const metrics = byRank(Object.keys(model.metrics)).slice(0, 3);
  return (
    <li className="stack">
      <div className="row">
        <To href={paths.artifact(run.id, `${model.id}/MLmodel`)}>{model.name}</To>
        {model.status !== "ready" && <Status state={model.status === "pending" ? "loading" : "failed"}>{model.status === "pending" ? "uploading" : "upload failed"}</Status>}
        <span className="mono ink3 right" title={model.id}>{shortId(model.id.slice(2))}</span>
      </div>
      {metrics.length > 0 && <div className="small ink2 mono">{metrics.map((key) => `${key} ${figure(model.metrics[key])}`).join(" · ")}</div>}
      {model.registered.map((version) => (
        <div key={`${version.name} ${version.version}`} className="row small">
          <To className="mono" href={paths.model(version.name, version.version)}>{`${version.name}:${version.version}`}</To>
          {version.aliases.map((alias) => <AliasTag key={alias} alias={alias} />)}
        </div>
      ))}
    </li>
  );
}

/** Models that the run made and read, and the registered versions that came of it. */
export function ModelsPanel({ run, links }: { run: Run; links: RunLinks | undefined }) {
  const models = links?.models ?? [];
  const read = links?.models_read ?? [];
  const told = new Set(models.flatMap((m) => m.registered.map((v) => `${v.name}:${v.version}`)));
  const versions = (links?.versions ?? []).filter((v) => !told.has(`${v.name}:${v.version}`));
  if (models.length + read.length + versions.length === 0) return null;
  return (
    <Panel title="Models">
      <ul className="lines">
        {models.map((model) => (
          <Model key={model.id} run={run} model={model} />
        ))}
        {versions.map((v) => (
          <li key={`${v.name} ${v.version}`} className="row">
            <span className="ink3">registered as</span>
            <To className="mono" href={paths.model(v.name, v.version)}>{`${v.name}:${v.version}`}</To>
            {v.aliases.map((alias) => <AliasTag key={alias} alias={alias} />)}
          </li>
        ))}
        {read.map((model) => (
          <li key={model.id} className="row">
            <span className="ink3">read</span>
            {model.run ? <To href={paths.artifact(model.run, `${model.id}/MLmodel`)}>{model.name}</To> : model.name}
            {model.run && <To className="small right" href={paths.run(model.run)}>its run</To>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function Children({ links }: { links: RunLinks | undefined }) {
  const [all, setAll] = useState(false);
  const list = links?.children ?? [];
  if (list.length === 0) return null;
  return (
    <Panel title="Nested runs" tools={<To href={paths.compare(list.slice(0, 20).map((r) => r.id))}>compare</To>}>
      <ul className="lines">
        {list.slice(0, all ? undefined : 8).map((run) => (
          <li key={run.id} className="row">
            <To href={paths.run(run.id)}>{run.name || shortId(run.id)}</To>
            <span className="right row">
              <span className="ink3 small"><When ms={run.start_ms} /></span>
              <Status state={run.status} />
            </span>
          </li>
        ))}
      </ul>
      {list.length > 8 && (
        <footer>
          <button type="button" className="linkish" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Show fewer" : `Show all ${list.length}`}
          </button>
        </footer>
      )}
    </Panel>
  );
}

export function UseIt({ run, project }: { run: Run; project?: string }) {
  const again = againLine(run, project);
  return (
    <Panel title="Use it">
      <div className="pad stack gap8">
        <Cli line={`volano exp show ${shortId(run.id)}`} />
        {again && (
          <>
            <span className="ink3 small">Again:</span>
            <Cli line={again} />
          </>
        )}
      </div>
    </Panel>
  );
}
