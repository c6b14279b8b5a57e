/** The panels of a data set's page. */
import { useState } from "react";
import { useDataDiff, useDataFiles, useProfile, useRows, useUses } from "../api/queries";
import type { ColumnProfile, Violation } from "../api/types";
import { bytes, count, exact, inline, percent, plain, plural, readable, shortId } from "../lib/format";
import { paths } from "../lib/paths";
import { toast } from "../lib/store";
import { Panel, To, When } from "../ui/bits";
import { Histogram, Meter } from "../ui/small";
import { Empty, Loaded } from "../ui/state";
import { Glyph } from "../ui/status";

export function ViolationsPanel({ violations, rejected }: { violations: Violation[]; rejected?: boolean }) {
  return (
    <Panel title={rejected ? "Why it was refused" : "What the contract found"} tools={plural(violations.length, "finding")}>
      <ul className="lines">
        {violations.map((v) => (
          <li key={`${v.column ?? ""} ${v.rule} ${v.message}`} className="row top">
            <Glyph state={v.severity === "block" ? "failed" : "warn"} />
            <div className="stack grow">
              <span>
                {v.column && <b className="mono strong">{v.column} </b>}
                <span className="wrap">{v.message}</span>
              </span>
              {v.change && <span className="ink2">{v.change}</span>}
              <span className="small ink3">
                {[v.rule, v.share != null ? percent(v.share) : "", v.count != null ? plural(v.count, "row") : "", v.place ?? ""].filter(Boolean).join(" · ")}
              </span>
              {v.examples && v.examples.length > 0 && (
                <span className="small ink2 mono wrap">
                  {v.examples
                    .slice(0, 3)
                    .map((e) => `${e.file ? `${e.file}:` : "row "}${e.row} ${e.value}`)
                    .join("   ")}
                </span>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** How a column differs, in words. */
const CHANGES: Record<string, string> = { values: "values differ", type: "type changed" };

export function ChangePanel({ name, from, to }: { name: string; from: string; to: string }) {
  const query = useDataDiff(name, from, to);
  return (
    <Panel title={`What changed since ${from}`}>
      <Loaded query={query}>
        {(diff) => (
          <>
            {diff.files.length + diff.columns.length === 0 && <p className="pad ink2">The same rows and columns.</p>}
            {(diff.files.length > 0 || diff.columns.length > 0) && (
              <div className="scroll">
                <table className="t">
                  <tbody>
                    {diff.files.map((f) => (
                      <tr key={`file ${f.path}`}>
                        <td className="ink3">file</td>
                        <td className="mono wrap">{f.path}</td>
                        <td>{f.change}</td>
                        <td className="ink2">{bytes(f.size)}</td>
                      </tr>
                    ))}
                    {diff.columns.map((c) => (
                      <tr key={`column ${c.name}`}>
                        <td className="ink3">column</td>
                        <td className="mono">{c.name}</td>
                        <td className="keep">{CHANGES[c.change] ?? c.change}</td>
                        <td className="ink2 wrap">{readable(c.detail)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

export function UsesPanel({ name, version }: { name: string; version: string }) {
  const ref = `${name}@${version}`;
  const query = useUses(name, version);
  return (
    <Panel title="Who uses it">
      <Loaded query={query}>
        {(runs) =>
          runs.items.length === 0 ? (
            <p className="pad ink2">No run has read {ref}.</p>
          ) : (
            <div className="scroll">
              <table className="t">
                <tbody>
                  {runs.items.map((run) => (
                    <tr key={run.id}>
                      <td>
                        <span className="row gap4">
                          <Glyph state={run.status} />
                          <To href={paths.run(run.id)}>{run.name || shortId(run.id)}</To>
                        </span>
                      </td>
                      <td className="ink3">{run.tags["volano.step"] ?? ""}</td>
                      <td className="ink3">
                        <When ms={run.start_ms} />
                      </td>
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

/** A quantile as the server has it; the nearest one of its list. */
export function quantile(column: ColumnProfile, share: number): number | undefined {
  return column.number?.quantiles.find((q) => Math.abs(q.share - share) < 1e-6)?.value;
}

/** A number of a column in its own unit: times are milliseconds since the epoch. */
function inUnit(column: ColumnProfile, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return column.semantic === "timestamp" ? exact(value).slice(0, 16) : plain(value);
}

function Shape({ column }: { column: ColumnProfile }) {
  const total = column.count || 1;
  const histogram = column.number?.histogram;
  const few = column.semantic === "categorical" || column.semantic === "boolean" || !histogram;
  const bins = few
    ? column.top.slice(0, 24).map((t) => ({ label: t.value, share: t.count / total }))
    : histogram.counts.map((n, i) => ({ label: `${inUnit(column, histogram.edges[i])} to ${inUnit(column, histogram.edges[i + 1])}`, share: n / total }));
  return <Histogram label={column.name} bins={bins} />;
}

export function ProfilePanel({ name, version }: { name: string; version: string }) {
  const query = useProfile(name, version);
  return (
    <Loaded query={query} missing={<Empty title="No profile" cli={`volano data profile ${name}@${version}`}>Only tables have one.</Empty>}>
      {(profile) => (
        <Panel title="Distributions" tools={`${count(profile.rows)} rows · ${plural(profile.columns.length, "column")}`}>
          <div className="scroll" tabIndex={0} role="region" aria-label="Distributions">
            <table className="t">
              <thead>
                <tr>
                  <th>column</th>
                  <th>type</th>
                  <th>distribution</th>
                  <th>missing</th>
                  <th className="num">distinct</th>
                  <th className="num">min</th>
                  <th className="num">median</th>
                  <th className="num">mean</th>
                  <th className="num">max</th>
                  <th className="num">sd</th>
                </tr>
              </thead>
              <tbody>
                {profile.columns.map((c) => {
                  const missing = profile.rows ? c.nulls / profile.rows : 0;
                  return (
                    <tr key={c.name}>
                      <td className="mono">{c.name}</td>
                      <td className="ink3" title={c.semantic}>{c.type}</td>
                      <td>
                        <Shape column={c} />
                      </td>
                      <td>
                        <span className="row">
                          <Meter share={missing} tone={missing > 0.3 ? "warn" : undefined} label={`${percent(missing)} missing`} />
                          <span className={missing ? "num" : "num ink3"}>{percent(missing)}</span>
                        </span>
                      </td>
                      <td className="num" title={c.exact ? "exact" : "within 1.6%"}>{c.exact ? "" : "≈ "}{count(c.distinct)}</td>
                      <td className="num">{inUnit(c, c.number?.min)}</td>
                      <td className="num">{inUnit(c, quantile(c, 0.5))}</td>
                      <td className="num">{inUnit(c, c.number?.mean)}</td>
                      <td className="num">{inUnit(c, c.number?.max)}</td>
                      <td className="num">{c.semantic === "timestamp" ? "–" : plain(c.number?.std)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
    </Loaded>
  );
}

const ROWS = 100;

const numeric = (rows: readonly unknown[][], column: number) => rows.every((row) => row[column] === null || typeof row[column] === "number");

export function RowsPanel({ name, version }: { name: string; version: string }) {
  const [offset, setOffset] = useState(0);
  const query = useRows(name, version, offset, ROWS);
  return (
    <Loaded query={query} missing={<Empty title="No rows to show">Only tables have rows.</Empty>}>
      {(page) => (
        <Panel
          title="Rows"
          tools={
            <>
              <span>
                {count(offset + 1)} to {count(offset + page.rows.length)}
                {page.total != null && ` of ${count(page.total)}`}
              </span>
              <button type="button" className="btn" disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - ROWS))}>
                Before
              </button>
              <button type="button" className="btn" disabled={page.rows.length < ROWS} onClick={() => setOffset(offset + ROWS)}>
                Next
              </button>
            </>
          }
        >
          <div className="scroll" tabIndex={0} role="region" aria-label="Rows">
            <table className="t">
              <thead>
                <tr>
                  {page.columns.map((c, j) => (
                    <th key={c} className={numeric(page.rows, j) ? "num" : ""}>{c}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {page.rows.map((row, i) => (
                  <tr key={offset + i}>
                    {row.map((value, j) => (
                      <td key={page.columns[j]} className={`mono ${value === null ? "ink3" : ""} ${numeric(page.rows, j) ? "num" : ""}`}>
                        <span className="cut" title={inline(value)}>
                          {value === null ? "null" : typeof value === "number" ? String(value) : inline(value)}
                        </span>
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
    </Loaded>
  );
}

export function FilesPanel({ name, version }: { name: string; version: string }) {
  const query = useDataFiles(name, version);
  const address = `s3://${name}/${version}/`;
  const tools = (files: number) => (
    <>
      {plural(files, "file")}
      <button type="button" className="btn quiet mono" title="Copy the address for clients of S3; volano data s3 shows the key" onClick={() => void navigator.clipboard.writeText(address).then(() => toast("Copied the address"))}>
        {address}
      </button>
    </>
  );
  return (
    <Loaded query={query}>
      {(files) => (
        <Panel title="Files" tools={tools(files.items.length)}>
          <div className="scroll">
            <table className="t">
              <thead>
                <tr>
                  <th>path</th>
                  <th className="num">size</th>
                  <th>content</th>
                </tr>
              </thead>
              <tbody>
                {files.items.map((f) => (
                  <tr key={f.path}>
                    <td className="mono wrap">{f.path}</td>
                    <td className="num">{bytes(f.size)}</td>
                    <td className="mono ink3" title={f.file_id}>
                      {f.file_id.slice(0, 12)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
    </Loaded>
  );
}

