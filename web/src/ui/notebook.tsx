/** A notebook drawn from its own JSON; nothing in it runs. */
import { useMemo } from "react";
import { parseNotebook, type Cell, type Output } from "../lib/notebook";
import { Json } from "./json";
import { Markdown } from "./markdown";

function Out({ output, place }: { output: Output; place: string }) {
  switch (output.kind) {
    case "picture":
      return <img className="picture" alt="output" src={output.src} />;
    case "markdown":
      return <Markdown text={output.text} />;
    case "json":
      return <Json value={output.value} />;
    case "table": {
      const [head = [], ...rows] = output.rows;
      return (
        <div className="scroll" tabIndex={0} role="region" aria-label={`Table ${place}`}>
          <table className="t">
            <thead>
              <tr>{head.map((cell, i) => (cell.trim() ? <th key={i}>{cell}</th> : <td key={i} />))}</tr>
            </thead>
            <tbody>
              {rows.map((row, i) => (
                <tr key={i}>{row.map((cell, j) => <td key={j} className="mono">{cell}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    }
    case "text":
      return <pre className={output.error ? "bad wrap" : "ink2"}>{output.text}</pre>;
  }
}

function Drawn({ cell, place }: { cell: Cell; place: number }) {
  if (cell.kind !== "code") {
    return (
      <div className="cell">
        <span />
        {cell.kind === "raw" ? <pre className="prose">{cell.source}</pre> : <Markdown text={cell.source} />}
      </div>
    );
  }
  return (
    <div className="cell">
      <span className="mono ink3">[{cell.count ?? " "}]</span>
      <div className="grow stack gap8">
        <pre className="code">{cell.source}</pre>
        {cell.outputs.map((output, i) => <Out key={i} output={output} place={`${place}.${i + 1}`} />)}
      </div>
    </div>
  );
}

export function Notebook({ text }: { text: string }) {
  const file = useMemo(() => parseNotebook(text), [text]);
  if (!file) return <p className="pad ink2">This file is not a notebook: it is no JSON with cells.</p>;
  return (
    <div className="notebook" tabIndex={0} role="region" aria-label="Notebook">
      {file.cells.map((cell, i) => <Drawn key={i} cell={cell} place={i + 1} />)}
      {file.hidden > 0 && <p className="ink2">{`${file.hidden} more cells; download for all.`}</p>}
    </div>
  );
}
