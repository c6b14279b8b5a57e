/** Questions in SQL over data versions: the query is in the address, its rows below it, a slip at its place. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError, post, save } from "../api/client";
import { count, inline, plural } from "../lib/format";
import { useKeys } from "../lib/keys";
import { fileName, marked, place } from "../lib/sql";
import { Panel, useParam } from "../ui/bits";
import { Fault } from "../ui/state";

/** Rows that are drawn. */
const SHOWN = 500;
const FORMATS = ["csv", "parquet"] as const;

function Slip({ sql, error, retry }: { sql: string; error: ApiError; retry: () => void }) {
  const { where, message } = place(error.message);
  // A slip of the query is mended in its text; asking again would say the same.
  if (error.problem.code !== "invalid") return <Fault error={error} title="The query was not answered" retry={retry} />;
  const parts = marked(sql, error.problem.span);
  return (
    <div className="fault" role="alert">
      <span className="st bad">
        <i aria-hidden="true">✗</i>
      </span>
      <div className="stack grow gap8">
        <strong className="strong">{where || "The query has a problem"}</strong>
        <p>{message}</p>
        {parts && (
          <pre className="slip mono" tabIndex={0} aria-label="The query with the place marked">
            {parts.before}
            <mark>{parts.at || " "}</mark>
            {parts.after}
          </pre>
        )}
      </div>
    </div>
  );
}

export function SqlPanel({ reference }: { reference: string }) {
  const [asked, ask] = useParam("q");
  const [text, setText] = useState(asked || `SELECT *\nFROM ${reference}\nLIMIT 100`);
  useEffect(() => {
    if (asked) setText(asked);
  }, [asked]);
  const answer = useQuery({
    queryKey: ["/data/sql", asked],
    queryFn: ({ signal }) => post("/data/sql", {}, { sql: asked, format: "json", limit: SHOWN }, signal),
    enabled: asked !== "",
    // Versions do not change, and a query that fails fails again.
    staleTime: Infinity,
    retry: false,
  });
  const file = useMutation({ mutationFn: (format: (typeof FORMATS)[number]) => save("/data/sql", { sql: asked, format }, fileName(reference, format)) });
  const run = () => {
    if (text.trim() === "") return;
    if (text === asked) void answer.refetch();
    else ask(text);
  };
  useKeys([{ keys: "ctrl+Enter", label: "Run the query", group: "SQL", always: true, run }]);
  const result = answer.data;
  const failed = answer.error ?? file.error;
  return (
    <div className="stack gap12">
      <Panel title="Query" tools={<span>tables are versions: {reference}, or any other data set</span>}>
        <div className="pad stack gap8">
          <label className="sr" htmlFor="sql">
            SQL
          </label>
          <textarea id="sql" className="area" rows={Math.min(16, Math.max(5, text.split("\n").length + 1))} spellCheck={false} autoCapitalize="off" value={text} aria-keyshortcuts="Control+Enter" onChange={(e) => setText(e.target.value)} />
          <div className="row wrap">
            <button type="button" className="btn primary" disabled={text.trim() === "" || answer.isFetching} onClick={run} title="Ctrl Enter">
              Run
            </button>
            {FORMATS.map((format) => (
              <button key={format} type="button" className="btn" disabled={!result || text !== asked || file.isPending} onClick={() => file.mutate(format)} aria-label={`Download all rows as ${format === "csv" ? "CSV" : "Parquet"}`}>
                {format === "csv" ? "CSV" : "Parquet"}
              </button>
            ))}
            <span className="ink3 small">Ctrl Enter runs it. It can only read.</span>
          </div>
        </div>
        {failed && !answer.isFetching && (failed instanceof ApiError ? <Slip sql={asked} error={failed} retry={() => (file.error ? file.reset() : void answer.refetch())} /> : <Fault error={failed} />)}
      </Panel>
      {result && !answer.error && (
        <Panel title="Rows" tools={result.truncated ? `the first ${count(result.rows.length)}; download for all` : plural(result.rows.length, "row")}>
          <div className="scroll answer" tabIndex={0} role="region" aria-label="Rows of the answer" aria-busy={answer.isFetching}>
            <table className="t">
              <thead>
                <tr>
                  {result.columns.map((c) => (
                    <th key={c.name} className={isNumber(c.type) ? "num" : ""} title={c.type}>
                      {c.name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {(result.rows as unknown[][]).map((row, i) => (
                  <tr key={i}>
                    {row.map((value, j) => (
                      <td key={result.columns[j]?.name} className={`mono ${value === null ? "ink3" : ""} ${isNumber(result.columns[j]?.type) ? "num" : ""}`}>
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
          {result.rows.length === 0 && <p className="pad ink2">No row fits.</p>}
        </Panel>
      )}
    </div>
  );
}

const isNumber = (type: string | undefined) => type === "integer" || type === "number";
