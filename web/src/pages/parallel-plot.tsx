/** The drawing of parallel coordinates: lines, axes with their ticks, limits by dragging along an axis, axes moved by their names. */
import { memo, useMemo, useRef, useState, type DragEvent, type PointerEvent } from "react";
import type { Run } from "../api/types";
import { limitBetween, shareOf, type Axis, type Limit, type Limits } from "../lib/axes";
import { plain, plural } from "../lib/format";
import type { AxisChanges } from "./compare-parallel";
import { nameOf, shade, useOpen, useWidth } from "./compare-parts";

const HEIGHT = 380;
const TOP = 12;
/** Room for the tick of the runs that have no value. */
const FOOT = 40;
const BOTTOM = HEIGHT - FOOT;
const NONE = HEIGHT - 16;
/** An axis needs so much room for its words. */
const LEAST = 112;
/** More names on an axis would cover each other. */
const NAMES = 18;
const LETTERS = 16;
/** More lines are drawn fainter, so that one sees where most of them go. */
const MANY = 100;
/** From the left of a column to its axis. */
const START = 24;

const yOf = (share: number | undefined): number => (share === undefined ? NONE : BOTTOM - share * (BOTTOM - TOP));

/** The part of an axis that a limit leaves, as shares. */
function partOf(axis: Axis, limit: Limit | undefined): [number, number][] {
  if (!limit) return [];
  if ("names" in limit) {
    const half = 0.5 / axis.names.length;
    return limit.names.flatMap((name): [number, number][] => {
      const at = shareOf(axis, name);
      return at === undefined ? [] : [[at - half * 0.8, at + half * 0.8]];
    });
  }
  const clamp = (value: number) => Math.max(0, Math.min(1, axis.scale?.at(value) ?? 0));
  return [[clamp(limit.range[0]), clamp(limit.range[1])]];
}

function AxisDrawing({ axis, x, limit, set }: { axis: Axis; x: number; limit: Limit | undefined; set: (limit: Limit | undefined) => void }) {
  const [draft, setDraft] = useState<[number, number] | null>(null);
  const shareAt = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
    return Math.max(0, Math.min(1, (BOTTOM - (event.clientY - (box?.top ?? 0))) / (BOTTOM - TOP)));
  };
  const end = () => {
    if (!draft) return;
    const [from, to] = draft;
    setDraft(null);
    // A click without a way takes the limit off, or chooses the name that is there.
    if (Math.abs(to - from) >= 0.015) set(limitBetween(axis, from, to));
    else {
      const name = axis.names[Math.min(axis.names.length - 1, Math.floor(to * axis.names.length))];
      set(limit || name === undefined ? undefined : { names: [name] });
    }
  };
  const bare = axis.values.some((value) => shareOf(axis, value) === undefined);
  const ticks: [number, string][] = axis.scale
    ? axis.scale.ticks.map((value) => [axis.scale?.at(value) ?? 0, plain(value)])
    : axis.names.filter((_, i) => i % Math.ceil(axis.names.length / NAMES) === 0).map((name) => [shareOf(axis, name) ?? 0, name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name]);
  const parts = draft ? [[Math.min(...draft), Math.max(...draft)] as [number, number]] : partOf(axis, limit);
  return (
    <g transform={`translate(${x} 0)`}>
      <line className="axis" y1={TOP} y2={BOTTOM} />
      {!axis.scale && axis.names.map((name) => <circle key={name} className="place" cy={yOf(shareOf(axis, name))} r="3" />)}
      {ticks.map(([share, text]) => (
        <text key={text} x="7" y={yOf(share) + 4}>
          {text}
        </text>
      ))}
      {bare && (
        <>
          <line className="axis" x1="-5" x2="5" y1={NONE} y2={NONE} />
          <text x="7" y={NONE + 4}>
            none
          </text>
        </>
      )}
      {parts.map(([low, high]) => (
        <rect key={low} className="limit" x="-6" width="12" y={yOf(high)} height={Math.max(2, yOf(low) - yOf(high))} rx="2" />
      ))}
      <rect
        className="hold"
        x="-14"
        width="28"
        y={TOP - 8}
        height={BOTTOM - TOP + 16}
        data-axis={axis.key}
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
          setDraft([shareAt(event), shareAt(event)]);
        }}
        onPointerMove={(event) => draft && setDraft([draft[0], shareAt(event)])}
        onPointerUp={end}
        onPointerCancel={() => setDraft(null)}
      />
    </g>
  );
}

/** The name of an axis, to be dragged before another one. */
function Heads({ axes, changes, width }: { axes: readonly Axis[]; changes: AxisChanges; width: number }) {
  const held = useRef("");
  const [over, setOver] = useState("");
  const drop = () => {
    held.current = "";
    setOver("");
  };
  const dropped = (event: DragEvent, index: number) => {
    event.preventDefault();
    const from = axes.findIndex((axis) => axis.key === held.current);
    // To the right one lands behind, to the left before the axis under the pointer.
    if (from >= 0 && from !== index) changes.move(held.current, axes[from < index ? index + 1 : index]?.key);
    drop();
  };
  return (
    <div className="axis-heads" style={{ width }}>
      {axes.map((axis, index) => (
        <span
          key={axis.key}
          draggable
          title={axis.name}
          className={`cut ${over === axis.key ? "over" : ""}`}
          onDragStart={(event) => {
            held.current = axis.key;
            event.dataTransfer.effectAllowed = "move";
            event.dataTransfer.setData("text/plain", axis.name);
          }}
          onDragOver={(event) => {
            if (!held.current) return;
            event.preventDefault();
            setOver(axis.key);
          }}
          onDragLeave={() => setOver("")}
          onDragEnd={drop}
          onDrop={(event) => dropped(event, index)}
        >
          {axis.name}
          {axis.log && <span className="ink3"> log</span>}
        </span>
      ))}
    </div>
  );
}

interface LinesProps {
  list: readonly { run: Run; d: string; color: string }[];
  onNear: (id: string) => void;
  onOpen: (run: Run) => void;
}

/** Apart from what lifts one line, so that hundreds are not drawn again for it. */
const Lines = memo(function Lines({ list, onNear, onOpen }: LinesProps) {
  return (
    <g>
      {list.map(({ run, d, color }) => (
        <path key={run.id} className="run" d={d} style={{ stroke: color }} />
      ))}
      {list.map(({ run, d }) => (
        <path key={run.id} className="grip" d={d} data-run={run.id} onPointerEnter={() => onNear(run.id)} onPointerLeave={() => onNear("")} onClick={() => onOpen(run)} />
      ))}
    </g>
  );
});

export function ParallelPlot({ runs, axes, rows, limits, changes, shadeOf, lit, setLit }: { runs: readonly Run[]; axes: readonly Axis[]; rows: readonly number[]; limits: Limits; changes: AxisChanges; shadeOf: (run: number) => number | undefined; lit: string; setLit: (id: string) => void }) {
  const [box, room] = useWidth(900);
  const width = Math.max(room, axes.length * LEAST);
  const column = width / axes.length;
  const xOf = (index: number) => index * column + START;
  const open = useOpen();
  const opened = useRef(open);
  opened.current = open;
  const onOpen = useMemo(() => (run: Run) => opened.current(run), []);
  const path = (run: number) => axes.map((axis, i) => `${i === 0 ? "M" : "L"}${xOf(i).toFixed(1)} ${yOf(shareOf(axis, axis.values[run])).toFixed(1)}`).join("");
  const full = new Set(rows);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const list = useMemo(() => rows.flatMap((row) => (runs[row] ? [{ run: runs[row], d: path(row), color: shade(shadeOf(row)) }] : [])), [rows, runs, axes, width]);
  const out = runs.map((_, i) => i).filter((i) => !full.has(i));
  const lifted = runs.findIndex((run) => run.id === lit);
  return (
    <div ref={box} className="scroll parallel" tabIndex={0} role="region" aria-label="Parallel coordinates">
      <Heads axes={axes} changes={changes} width={width} />
      <svg width={width} height={HEIGHT} className={lifted >= 0 ? "lifted" : rows.length > MANY ? "many" : ""} role="img" aria-label={`${plural(rows.length, "run")} over ${axes.map((axis) => axis.name).join(", ")}; the table below has the values`}>
        {out.map((row) => (
          <path key={runs[row]?.id} className="out" d={path(row)} />
        ))}
        <Lines list={list} onNear={setLit} onOpen={onOpen} />
        {lifted >= 0 && (
          <path className="on" d={path(lifted)} style={{ stroke: shade(shadeOf(lifted)) }}>
            <title>{nameOf(runs[lifted] as Run)}</title>
          </path>
        )}
        {axes.map((axis, i) => (
          <AxisDrawing key={axis.key} axis={axis} x={xOf(i)} limit={limits.get(axis.key)} set={(limit) => changes.limit(axis.key, limit)} />
        ))}
      </svg>
    </div>
  );
}
