/** A notebook drawn from its own JSON: text, code, plain outputs and pictures; nothing in it runs. */

interface Output {
  output_type: string;
  text?: string | string[];
  data?: Record<string, string | string[]>;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

interface Cell {
  cell_type: string;
  source: string | string[];
  execution_count?: number | null;
  outputs?: Output[];
}

const joined = (text: string | string[] | undefined) => (Array.isArray(text) ? text.join("") : (text ?? ""));
/** Terminal colours in tracebacks. */
// eslint-disable-next-line no-control-regex
const plain = (text: string) => text.replace(/\u001b\[[0-9;]*m/g, "");

function Out({ output }: { output: Output }) {
  const png = output.data?.["image/png"];
  if (png) return <img className="picture" alt="output" src={`data:image/png;base64,${joined(png).replace(/\s/g, "")}`} />;
  if (output.output_type === "error") return <pre className="bad wrap">{plain(output.traceback?.join("\n") ?? `${output.ename}: ${output.evalue}`)}</pre>;
  const text = plain(joined(output.text) || joined(output.data?.["text/plain"]));
  return text ? <pre className="ink2">{text}</pre> : null;
}

export function Notebook({ text }: { text: string }) {
  let cells: Cell[];
  try {
    cells = (JSON.parse(text) as { cells?: Cell[] }).cells ?? [];
  } catch {
    return <p className="pad ink2">This file is not a notebook: it is no JSON.</p>;
  }
  return (
    <div className="notebook" tabIndex={0} role="region" aria-label="Notebook">
      {cells.map((cell, i) =>
        cell.cell_type === "code" ? (
          <div key={i} className="cell">
            <span className="mono ink3">[{cell.execution_count ?? " "}]</span>
            <div className="grow stack">
              <pre className="code">{joined(cell.source)}</pre>
              {cell.outputs?.map((output, j) => <Out key={j} output={output} />)}
            </div>
          </div>
        ) : (
          <div key={i} className="cell">
            <span />
            <pre className="prose">{joined(cell.source)}</pre>
          </div>
        ),
      )}
    </div>
  );
}
