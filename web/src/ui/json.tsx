/** JSON that folds: the first levels open, long lists in parts. */
import { useState } from "react";

/** Entries of one level that are drawn before more are asked for. */
const FIRST = 100;
/** Levels that are open at first. */
const OPEN = 2;
/** Longer texts are cut until they are asked for. */
const TEXT = 2_000;

function Scalar({ value }: { value: unknown }) {
  const [all, setAll] = useState(false);
  if (typeof value !== "string") return <span className="mono num-ink">{String(value)}</span>;
  const long = value.length > TEXT && !all;
  return (
    <span className="mono wrap">
      {JSON.stringify(long ? value.slice(0, TEXT) : value)}
      {long && (
        <button type="button" className="linkish" onClick={() => setAll(true)}>
          {` ${value.length - TEXT} characters more`}
        </button>
      )}
    </span>
  );
}

function Node({ name, value, depth }: { name?: string; value: unknown; depth: number }) {
  const [most, setMost] = useState(FIRST);
  const [open, setOpen] = useState(depth < OPEN);
  const label = name === undefined ? null : <span className="ink3 mono">{name}: </span>;
  if (value === null || typeof value !== "object") {
    return (
      <div className="leaf">
        {label}
        <Scalar value={value} />
      </div>
    );
  }
  const entries = Array.isArray(value) ? value.map((v, i): [string, unknown] => [String(i), v]) : Object.entries(value);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {label}
        <span className="ink3 mono">{size}</span>
      </summary>
      {open && (
        <div className="inner">
          {entries.slice(0, most).map(([key, inner]) => (
            <Node key={key} name={key} value={inner} depth={depth + 1} />
          ))}
          {entries.length > most && (
            <button type="button" className="linkish" onClick={() => setMost(most + 10 * FIRST)}>
              {`${entries.length - most} more`}
            </button>
          )}
        </div>
      )}
    </details>
  );
}

export function Json({ value }: { value: unknown }) {
  return (
    <div className="json">
      <Node value={value} depth={0} />
    </div>
  );
}
