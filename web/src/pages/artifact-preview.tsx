/** One file, drawn safely: pictures, tables, text, JSON, notebooks, Markdown; HTML only in a sandbox. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { address, head } from "../api/client";
import { useArtifactRows } from "../api/queries";
import { parseDelimited, pictureOf, tableOf, MAX_COLUMNS } from "../lib/delimited";
import { bytes, count, inline } from "../lib/format";
import { svgPicture } from "../lib/notebook";
import { useParam } from "../ui/bits";
import { Json } from "../ui/json";
import { Markdown } from "../ui/markdown";
import { Notebook } from "../ui/notebook";
import { Loaded } from "../ui/state";
import { fileAt, kindOf, type Kind } from "./artifact-kind";

/** Bytes of a text that are fetched. What has a form of its own is needed whole. */
const TEXT_BYTES = 1_000_000;
const WHOLE_BYTES = 8_000_000;
/** Rows that are drawn at a time. */
const ROWS = 100;
/** Rows of a text table that are read. */
const TABLE_ROWS = 5_000;
/** Lines of a text that are drawn. */
const LINES = 5_000;

function useText(root: string, path: string, limit: number) {
  return useQuery({ queryKey: ["artifact", root, path, limit], queryFn: ({ signal }) => head(fileAt(root, path), limit, signal), staleTime: Number.POSITIVE_INFINITY });
}

function Pages({ from, total, more, go }: { from: number; total: number; more?: boolean; go: (from: number) => void }) {
  if (total <= ROWS && !more) return null;
  const last = Math.min(from + ROWS, total);
  return (
    <footer className="row">
      <span>{`rows ${count(from + 1)}–${count(last)} of ${count(total)}${more ? " that were read; download for all" : ""}`}</span>
      <span className="right row">
        <button type="button" className="btn" disabled={from === 0} onClick={() => go(Math.max(0, from - ROWS))}>
          Before
        </button>
        <button type="button" className="btn" disabled={last >= total} onClick={() => go(from + ROWS)}>
          Next
        </button>
      </span>
    </footer>
  );
}

const isFigure = (value: unknown) => typeof value === "number" || (typeof value === "string" && value !== "" && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value));

function Values({ columns, rows, from, root }: { columns: readonly string[]; rows: readonly (readonly unknown[])[]; from: number; root: string }) {
  const shown = columns.slice(0, MAX_COLUMNS);
  const figures = shown.map((_, i) => rows.length > 0 && rows.slice(0, 20).every((row) => isFigure(row[i]) || row[i] === null || row[i] === undefined || row[i] === ""));
  const cell = (value: unknown) => {
    const picture = pictureOf(value);
    if (picture && !root.startsWith("m-")) return <img className="thumb" src={fileAt(root, picture)} alt={picture} loading="lazy" />;
    return value === null || value === undefined ? <span className="ink3">–</span> : typeof value === "number" ? String(value) : inline(value);
  };
  return (
    <div className="scroll values-table" tabIndex={0} role="region" aria-label="Rows">
      <table className="t">
        <thead>
          <tr>
            <th className="num">
              <span className="sr">row</span>
            </th>
            {shown.map((name, i) => (
              <th key={i} className={figures[i] ? "num" : ""}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={from + i}>
              <td className="num ink3">{count(from + i + 1)}</td>
              {shown.map((_, j) => (
                <td key={j} className={figures[j] ? "num" : "mono"}>
                  <span className="cut" title={typeof row[j] === "string" && (row[j] as string).length > 40 ? (row[j] as string).slice(0, 2_000) : undefined}>
                    {cell(row[j])}
                  </span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {columns.length > shown.length && <p className="pad ink2">{`${shown.length} of ${count(columns.length)} columns.`}</p>}
    </div>
  );
}

/** A table that the page holds whole. */
function Held({ columns, rows, more, root }: { columns: readonly string[]; rows: readonly (readonly unknown[])[]; more?: boolean; root: string }) {
  const [from, go] = useState(0);
  return (
    <>
      <Values columns={columns} rows={rows.slice(from, from + ROWS)} from={from} root={root} />
      <Pages from={from} total={rows.length} more={more} go={go} />
    </>
  );
}

/** A table that the server reads. */
function ServerRows({ root, path }: { root: string; path: string }) {
  const [from, go] = useState(0);
  const query = useArtifactRows(root, path, from, ROWS);
  return (
    <Loaded query={query}>
      {(page) => (
        <>
          <Values columns={page.columns} rows={page.rows} from={from} root={root} />
          <Pages from={from} total={page.total} go={go} />
        </>
      )}
    </Loaded>
  );
}

export function Lines({ path, body, whole, diff }: { path: string; body: string; whole: boolean; diff?: boolean }) {
  const lines = body.split("\n");
  const shown = lines.slice(0, LINES);
  const tone = (line: string) => (/^(\+\+\+|---|diff |index )/.test(line) ? "strong" : line.startsWith("+") ? "diff-add" : line.startsWith("-") ? "diff-del" : line.startsWith("@@") ? "ink3" : undefined);
  return (
    <>
      <pre className="log tall" tabIndex={0} role="region" aria-label={path}>
        {diff
          ? shown.map((line, i) => (
              <span key={i} className={tone(line)}>
                {line}
                {"\n"}
              </span>
            ))
          : shown.join("\n")}
      </pre>
      {(!whole || lines.length > LINES) && <footer>{`The first ${count(shown.length)} lines; download for all.`}</footer>}
    </>
  );
}

function Structure({ path, body, root }: { path: string; body: string; root: string }) {
  const [raw, setRaw] = useState(false);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return <Lines path={path} body={body} whole />;
  }
  const table = tableOf(value);
  if (!table) return <Json value={value} />;
  return (
    <>
      <div className="pad">
        <div className="seg" role="group" aria-label="Show as">
          {["table", "json"].map((mode) => (
            <button key={mode} type="button" aria-pressed={(mode === "json") === raw} onClick={() => setRaw(mode === "json")}>
              {mode}
            </button>
          ))}
        </div>
      </div>
      {raw ? <Json value={value} /> : <Held columns={table.columns} rows={table.rows} root={root} />}
    </>
  );
}

/** What is fetched as text and drawn by its kind. */
function TextFile({ root, path, kind }: { root: string; path: string; kind: Kind }) {
  const formed = kind === "json" || kind === "notebook" || kind === "drawing";
  const query = useText(root, path, formed ? WHOLE_BYTES : TEXT_BYTES);
  return (
    <Loaded query={query}>
      {({ body, whole }) => {
        if (formed && !whole) {
          return <p className="pad ink2">{`More than ${bytes(WHOLE_BYTES)}: too large to draw; download it.`}</p>;
        }
        switch (kind) {
          case "drawing":
            return (
              <div className="pad">
                <img className="picture" src={svgPicture(body)} alt={path} />
              </div>
            );
          case "json":
            return <Structure path={path} body={body} root={root} />;
          case "notebook":
            return <Notebook text={body} />;
          case "markdown":
            return (
              <div className="pad">
                <Markdown text={body} />
                {!whole && <p className="ink3">{`The first ${bytes(TEXT_BYTES)}; download for all.`}</p>}
              </div>
            );
          case "table": {
            const table = parseDelimited(body, /\.csv$/i.test(path) ? "," : "\t", TABLE_ROWS, whole);
            return <Held columns={table.columns} rows={table.rows} more={table.more} root={root} />;
          }
          default:
            return <Lines path={path} body={body} whole={whole} diff={kind === "diff"} />;
        }
      }}
    </Loaded>
  );
}

/** HTML is shown by an address of its own whose policy lets nothing run, in a frame that would not let it either. */
function Sandboxed({ root, path }: { root: string; path: string }) {
  const [source, setSource] = useParam("source");
  const shown = source === "1" || root.startsWith("m-");
  return (
    <>
      <div className="pad row">
        {!root.startsWith("m-") && (
          <div className="seg" role="group" aria-label="Show as">
            <button type="button" aria-pressed={!shown} onClick={() => setSource("")}>
              page
            </button>
            <button type="button" aria-pressed={shown} onClick={() => setSource("1")}>
              source
            </button>
          </div>
        )}
        <span className="ink3 small">Scripts, forms and requests of this page are off. To run it, download it and open it yourself.</span>
      </div>
      {shown ? <TextFile root={root} path={path} kind="text" /> : <iframe className="sandbox" sandbox="" referrerPolicy="no-referrer" title={path} src={address("/runs/{id}/artifact/page", { id: root, path })} />}
    </>
  );
}

export function Preview({ root, path }: { root: string; path: string }) {
  const kind = kindOf(path);
  const src = fileAt(root, path);
  switch (kind) {
    case "picture":
      return (
        <div className="pad">
          <img className="picture" src={src} alt={path} />
        </div>
      );
    case "audio":
      return (
        <div className="pad">
          <audio controls preload="metadata" src={src} aria-label={path} />
        </div>
      );
    case "video":
      return (
        <div className="pad">
          <video className="picture" controls preload="metadata" src={src} aria-label={path} />
        </div>
      );
    case "rows":
      if (!root.startsWith("m-")) return <ServerRows root={root} path={path} />;
      break;
    case "page":
      return <Sandboxed root={root} path={path} />;
    case "none":
      break;
    default:
      return <TextFile root={root} path={path} kind={kind} />;
  }
  return (
    <p className="pad ink2">
      This kind of file is not drawn here: download it.
    </p>
  );
}
