/** Line charts: text summary, table switch, copies as PNG and CSV, limits and marks. */
import { useMemo, useRef, useState } from "react";
import { slots, token } from "../lib/color";
import { exact, figure } from "../lib/format";
import { align, nearest, summary } from "../lib/series";
import type { Range } from "../lib/scale";
import { settings } from "../lib/settings";
import { toast, useCell } from "../lib/store";
import { Icon } from "./icons";
import { Plot, type ChartProps, type Line, type Zoom } from "./plot";

export type { Line } from "./plot";

function csv(props: ChartProps): string {
  const { x, ys } = align(props.lines);
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [["x", ...props.lines.map((l) => cell(l.name))].join(","), ...x.map((v, i) => [v, ...ys.map((y) => y[i] ?? "")].join(","))].join("\n");
}

async function png(root: HTMLElement | null): Promise<void> {
  const canvas = root?.querySelector("canvas");
  const blob = await new Promise<Blob | null>((done) => (canvas ? canvas.toBlob(done) : done(null)));
  if (!blob) return;
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    toast("Copied the chart as PNG");
  } catch {
    toast("The browser does not allow copying pictures here");
  }
}

export function Chart(props: ChartProps) {
  const root = useRef<HTMLElement>(null);
  const [table, setTable] = useState(false);
  const [index, setIndex] = useState<number | null>(null);
  const { theme } = useCell(settings);
  const own = useMemo(() => slots(props.lines.map((l) => l.id)), [props.lines]);
  const slotOf = (line: Line) => line.slot ?? own.get(line.id) ?? 0;
  const slotKey = props.lines.map(slotOf).join();
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const colors = useMemo(() => props.lines.map((line) => token(`chart-${slotOf(line)}`)), [slotKey, theme]);
  const say = props.say ?? figure;
  const shared = useMemo(() => align(props.lines), [props.lines]);
  const x = index === null ? null : shared.x[index];
  const [ownRange, setOwnRange] = useState<Range | null>(null);
  const zoom: Zoom = props.zoom ?? { range: ownRange, set: setOwnRange };
  return (
    <figure className={`panel chart ${props.tall ? "tall" : ""}`} ref={root}>
      <header>
        <h2 className="cut" title={props.title}>
          {props.title}
        </h2>
        <div className="tools">
          {x !== null && x !== undefined && <span className="mono ink2">{props.time ? exact(x).slice(0, 16) : figure(x)}</span>}
          {zoom.range && (
            <button type="button" className="btn quiet icon" aria-label={`All of ${props.title}`} title="Show all (double click)" onClick={() => zoom.set(null)}>
              <Icon name="undo" size={14} />
            </button>
          )}
          <button type="button" className="btn quiet icon" aria-pressed={table} aria-label={table ? `${props.title} as chart` : `${props.title} as table`} title={table ? "Chart" : "Table"} onClick={() => setTable(!table)}>
            <Icon name={table ? "chart" : "table"} size={14} />
          </button>
          <button type="button" className="btn quiet icon" aria-label={`Copy ${props.title}`} title="Copy as CSV (Shift: PNG)" onClick={(e) => (e.shiftKey ? void png(root.current) : void navigator.clipboard.writeText(csv(props)).then(() => toast("Copied as CSV")))}>
            <Icon name="copy" size={14} />
          </button>
        </div>
      </header>
      {table ? <PointTable props={props} /> : <Plot props={props} colors={colors} cursor={setIndex} zoom={zoom} />}
      <Legend props={props} slotOf={slotOf} index={index} columns={shared.ys} />
      <p className="sr">{props.lines.map((line) => summary(line.name, line.y, say)).join(" ")}</p>
    </figure>
  );
}

/** More lines than these have their names in one legend for all charts. */
const NAMED = 8;

/** The lines with their values at the cursor; of many lines where they lie, and the one that stands out. */
function Legend({ props, slotOf, index, columns }: { props: ChartProps; slotOf: (line: Line) => number; index: number | null; columns: (number | null)[][] }) {
  const say = props.say ?? figure;
  const valueOf = (line: Line, at: number): number | null => {
    if (index === null) return line.y.findLast((v) => v !== null) ?? null;
    const place = nearest(columns[at] ?? [], index);
    return place === null ? null : (columns[at]?.[place] ?? null);
  };
  const all = props.lines.map((line, at) => ({ line, value: valueOf(line, at) }));
  const many = all.length > NAMED;
  const known = all.flatMap(({ value }) => (value === null ? [] : [value]));
  const low = known.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = known.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return (
    <figcaption className="legend">
      {many && (
        <span>
          {all.length} lines, <b className="mono strong">{known.length > 0 ? `${say(low)} to ${say(high)}` : "–"}</b>
        </span>
      )}
      {all
        .filter(({ line }) => !many || line.id === props.lit?.id)
        .map(({ line, value }) => (
          <span key={line.id} className={`row gap4 ${props.lit?.id && props.lit.id !== line.id ? "faint" : ""}`} title={line.name}>
            <span className={`dot s${slotOf(line)}`} />
            <span className="cut">{line.name}</span> <b className="mono strong">{value === null ? "–" : say(value)}</b>
          </span>
        ))}
    </figcaption>
  );
}

/** Rows of the table switch; the CSV has them all. */
const TABLE_ROWS = 500;

function PointTable({ props }: { props: ChartProps }) {
  const { x, ys } = useMemo(() => align(props.lines), [props.lines]);
  const say = props.say ?? figure;
  return (
    <div className="plot scroll" tabIndex={0} role="region" aria-label={`${props.title}, points`}>
      <table className="t">
        <thead>
          <tr>
            <th>{props.time ? "time" : (props.over ?? "step")}</th>
            {props.lines.map((line) => (
              <th key={line.id} className="num">
                {line.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {x.slice(0, TABLE_ROWS).map((value, at) => (
            <tr key={value}>
              <td className="mono">{props.time ? exact(value).slice(0, 19) : figure(value)}</td>
              {ys.map((y, line) => (
                <td key={props.lines[line]?.id} className="num">
                  {y[at] === null || y[at] === undefined ? "–" : say(y[at])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {x.length > TABLE_ROWS && <p className="empty small">{`${TABLE_ROWS} of ${x.length} points; copy gives all.`}</p>}
    </div>
  );
}
