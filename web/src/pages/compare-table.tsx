/** What differs between runs, the first one being the measure. */
import { Fragment, useState } from "react";
import type { Run } from "../api/types";
import { figure, shortId, signed, span } from "../lib/format";
import { better, byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { textDiff } from "../lib/text-diff";
import { Panel, To, When } from "../ui/bits";
import { Glyph } from "../ui/status";

type Value = string | number | undefined;

/** Rows whose values are not all the same; with `all` every row. */
export function differing(runs: readonly Run[], of: (run: Run) => Record<string, string | number>, all: boolean): [string, Value[]][] {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(of(run))))].sort();
  return keys.map((key): [string, Value[]] => [key, runs.map((run) => of(run)[key])]).filter(([, values]) => all || new Set(values).size > 1);
}

function Head({ runs, colors }: { runs: readonly Run[]; colors: ReadonlyMap<string, number> }) {
  return (
    <tr>
      <th>run</th>
      {runs.map((run) => (
        <th key={run.id} scope="col">
          <span className="row gap4">
            <span className={`dot s${colors.get(run.id)}`} />
            <To href={paths.run(run.id)} title={run.id}>
              {run.name || shortId(run.id)}
            </To>
          </span>
        </th>
      ))}
    </tr>
  );
}

function MetricRow({ name, values }: { name: string; values: Value[] }) {
  const known = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  const best = known.reduce<number | undefined>((a, b) => (a === undefined || better(name, b, a) ? b : a), undefined);
  const first = values[0];
  const isBest = (value: Value) => value === best && new Set(known).size > 1;
  return (
    <tr>
      <th scope="row" className="ink2">
        {name}
      </th>
      {values.map((value, i) => (
        <td key={i} className={i > 0 && value !== first ? "other" : ""}>
          <span className={`mono ${isBest(value) ? "good strong" : ""}`}>{typeof value === "number" ? figure(value) : "–"}</span>
          {i > 0 && typeof value === "number" && typeof first === "number" && <span className="mono ink3 small"> {signed(value - first)}</span>}
          {isBest(value) && <span className="sr"> best</span>}
        </td>
      ))}
    </tr>
  );
}

/** Longer values are cut until somebody wants all of them. */
const LONG = 80;

function Words({ value, first, whole }: { value: string; first: Value; whole: boolean }) {
  if (!whole) return value.length > LONG ? `${value.slice(0, LONG)}…` : value;
  if (first === undefined || String(first) === value || String(first).length <= LONG) return value;
  return textDiff(String(first), value).map((piece, i) =>
    piece.kind === "added" ? (
      <ins key={i} className="diff-add">
        {piece.text}
      </ins>
    ) : piece.kind === "removed" ? (
      <del key={i} className="diff-del">
        {piece.text}
      </del>
    ) : (
      <Fragment key={i}>{piece.text}</Fragment>
    ),
  );
}

function Cell({ name, value, first, whole }: { name: string; value: Value; first: Value; whole: boolean }) {
  if (value === undefined) return "–";
  const text = String(value);
  if (name.startsWith("volano.data.")) return <To href={`/data/${text}`}>{text}</To>;
  if (/^[0-9a-f]{40,64}$/.test(text)) return <span title={text}>{shortId(text)}</span>;
  return <Words value={text} first={first} whole={whole} />;
}

/** A parameter or a fact; what is not as in the first run is marked, long values open on demand. */
function WordRow({ name, values }: { name: string; values: Value[] }) {
  const [whole, setWhole] = useState(false);
  const first = values[0];
  const title = name.replace(/^volano\.(data\.)?/, "");
  const long = values.some((value) => String(value ?? "").length > LONG && !/^[0-9a-f]{40,64}$/.test(String(value)));
  return (
    <tr>
      <th scope="row" className="ink2 wrap">
        {title}
        {long && (
          <button type="button" className="linkish block" aria-expanded={whole} aria-label={`${whole ? "less" : "all"} of ${title}`} onClick={() => setWhole(!whole)}>
            {whole ? "less" : "all"}
          </button>
        )}
      </th>
      {values.map((value, i) => (
        <td key={i} className={`mono wrap ${whole ? "whole" : ""} ${i > 0 && value !== first ? "other" : ""}`}>
          <Cell name={name} value={value} first={i > 0 ? first : undefined} whole={whole} />
          {i > 0 && value !== first && <span className="sr"> differs from the first run</span>}
        </td>
      ))}
    </tr>
  );
}

const FACTS = /^volano\.(data\..*|env|code|step)$|^mlflow\.source\.git\.commit$/;

export function Differences({ runs, colors, all }: { runs: readonly Run[]; colors: ReadonlyMap<string, number>; all: boolean }) {
  const found = new Map(differing(runs, (r) => r.metrics, all));
  const metrics = byRank(found.keys()).map((name): [string, Value[]] => [name, found.get(name) ?? []]);
  const params = differing(runs, (r) => r.params, all);
  const facts = differing(runs, (r) => Object.fromEntries(Object.entries(r.tags).filter(([key]) => FACTS.test(key))), all);
  const groups: [string, [string, Value[]][]][] = [
    ["parameters", params],
    ["data and environment", facts],
  ];
  return (
    <Panel title={all ? "Everything" : "What differs"} tools={<span className="row gap4"><span className="swatch other" aria-hidden="true" /> not as in the first run</span>}>
      <div className="scroll" tabIndex={0} role="region" aria-label="Differences">
        <table className="t compare">
          <thead>
            <Head runs={runs} colors={colors} />
          </thead>
          <tbody>
            <tr>
              <th scope="row" className="ink2">
                state
              </th>
              {runs.map((run) => (
                <td key={run.id}>
                  <span className="row gap4">
                    <Glyph state={run.status} /> {run.start_ms && run.end_ms ? span(run.end_ms - run.start_ms) : <When ms={run.start_ms} />}
                  </span>
                </td>
              ))}
            </tr>
            {metrics.map(([name, values]) => (
              <MetricRow key={name} name={name} values={values} />
            ))}
            {groups.map(([title, rows]) => (
              <Fragment key={title}>
                {rows.length > 0 && (
                  <tr className="group">
                    <th colSpan={runs.length + 1}>{title}</th>
                  </tr>
                )}
                {rows.map(([name, values]) => (
                  <WordRow key={name} name={name} values={values} />
                ))}
              </Fragment>
            ))}
            {metrics.length + params.length + facts.length === 0 && (
              <tr>
                <td colSpan={runs.length + 1} className="ink2">
                  These runs differ in nothing that was recorded.
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
