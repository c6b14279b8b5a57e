/** A dense table over more rows than are loaded: rows are asked for as they come into view; columns can be moved and sized. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useId, useRef, useState, type CSSProperties, type DragEvent, type MouseEvent, type PointerEvent } from "react";
import { useKeys } from "../lib/keys";
import { settings } from "../lib/settings";
import { useCell } from "../lib/store";
import type { Column, Sort } from "./grid";

export interface WideColumn<T> extends Column<T> {
  /** Its place and width are the reader's. */
  own?: boolean;
  /** Pixels from the left where it stays when the table is moved sideways. */
  left?: number;
}

/** Rows that hold rows of their own. */
export interface Tree<T> {
  placeAt: (index: number) => { level: number; open: boolean | undefined; up: number | undefined } | undefined;
  toggle: (index: number) => void;
  /** The row has no page: all it does is open and close. */
  only: (row: T) => boolean;
}

interface Props<T> {
  label: string;
  count: number;
  /** Undefined while the row is on its way. */
  rowAt: (index: number) => T | undefined;
  id: (row: T) => string;
  columns: readonly WideColumn<T>[];
  /** The rows that are in view. */
  onRange: (first: number, last: number) => void;
  open: (row: T) => void;
  sort: Sort;
  onSort: (key: string) => void;
  selected: ReadonlySet<string>;
  onSelect: (row: T) => void;
  onWidth: (key: string, width: number) => void;
  /** A column was dropped before another one, or at the end. */
  onMove: (key: string, before: string | undefined) => void;
  /** What is shown is old. */
  stale?: boolean;
  /** Another value: the list starts anew at its top. */
  start: string;
  tree?: Tree<T>;
}

const HEAD = 28;

function template<T>(columns: readonly WideColumn<T>[]): string {
  return columns.map((column, index) => (index === columns.length - 1 ? `minmax(${column.width}px, 1fr)` : `${column.width}px`)).join(" ");
}

const classOf = <T,>(column: WideColumn<T>) => `${column.num ? "num" : ""} ${column.left === undefined ? "" : "sticky"}`;
const placed = <T,>(column: WideColumn<T>): CSSProperties | undefined => (column.left === undefined ? undefined : { left: column.left });

/** The edge of a head, to be drawn sideways. */
function Edge({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const from = useRef<{ x: number; width: number } | null>(null);
  const drag = (event: PointerEvent<HTMLSpanElement>) => {
    if (from.current) onWidth(Math.round(from.current.width + event.clientX - from.current.x));
  };
  return (
    <span
      className="edge"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width };
      }}
      onPointerMove={drag}
      onPointerUp={() => (from.current = null)}
    />
  );
}

function Head<T>({ columns, sort, onSort, onWidth, onMove, style }: Pick<Props<T>, "columns" | "sort" | "onSort" | "onWidth" | "onMove"> & { style: CSSProperties }) {
  const [over, setOver] = useState("");
  const held = useRef("");
  const dragged = (column: WideColumn<T>) =>
    column.own
      ? {
          draggable: true,
          onDragStart: (event: DragEvent) => {
            held.current = column.key;
            event.dataTransfer.effectAllowed = "move";
            event.dataTransfer.setData("text/plain", column.key);
          },
          onDragOver: (event: DragEvent) => {
            if (!held.current) return;
            event.preventDefault();
            setOver(column.key);
          },
          onDragLeave: () => setOver(""),
          onDragEnd: () => {
            held.current = "";
            setOver("");
          },
          onDrop: (event: DragEvent) => {
            event.preventDefault();
            if (held.current) onMove(held.current, column.key);
            held.current = "";
            setOver("");
          },
        }
      : {};
  return (
    <div className="hrow" role="row" aria-rowindex={1} style={style}>
      {columns.map((column, index) => {
        const on = sort.key === column.key;
        return (
          <div
            key={column.key}
            role="columnheader"
            aria-colindex={index + 1}
            aria-sort={on ? (sort.desc ? "descending" : "ascending") : undefined}
            className={`${classOf(column)} ${over === column.key ? "over" : ""}`}
            style={placed(column)}
            title={column.title}
            {...dragged(column)}
          >
            {column.sortable ? (
              <button type="button" tabIndex={-1} className="sort" aria-pressed={on} onClick={() => onSort(column.key)}>
                {column.head}
                {on ? (sort.desc ? " ↓" : " ↑") : ""}
              </button>
            ) : (
              column.head
            )}
            {column.own && <Edge width={column.width} onWidth={(width) => onWidth(column.key, width)} />}
          </div>
        );
      })}
    </div>
  );
}

interface Shown<T> {
  value: T | undefined;
  index: number;
  /** Which DOM id the row has. */
  base: string;
  start: number;
  at: boolean;
  selected: boolean;
  columns: readonly WideColumn<T>[];
  style: string;
  pick: (index: number) => void;
  open: (row: T) => void;
  /** In a tree: how deep it stands, whether it is open, and whether that is all it does. */
  level?: number;
  expanded?: boolean;
  only: boolean;
  toggle: (index: number) => void;
}

function PlainRow<T>({ value, index, base, start, at, selected, columns, style, pick, open, level, expanded, only, toggle }: Shown<T>) {
  const click = (event: MouseEvent) => {
    pick(index);
    if (expanded !== undefined && (only || (event.target as Element).closest(".twig"))) toggle(index);
  };
  return (
    <div
      id={`${base}-${index}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      aria-level={level}
      aria-expanded={expanded}
      className={`grow-row ${at ? "at" : ""} ${only ? "group" : ""}`}
      style={{ gridTemplateColumns: style, transform: `translateY(${start}px)`, "--level": level ?? 1 } as CSSProperties}
      onClick={click}
      onDoubleClick={(event) => value !== undefined && !only && !(event.target as Element).closest(".twig") && open(value)}
    >
      {columns.map((column, place) => (
        <div key={column.key} role="gridcell" aria-colindex={place + 1} className={classOf(column)} style={placed(column)}>
          {value === undefined ? <span className="wait" /> : column.cell(value)}
        </div>
      ))}
    </div>
  );
}
/** While one scrolls, only the rows that come are drawn. */
const Line = memo(PlainRow) as typeof PlainRow;

export function WindowGrid<T>({ label, count, rowAt, id, columns, onRange, open, sort, onSort, selected, onSelect, onWidth, onMove, stale, start, tree }: Props<T>) {
  const base = useId();
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const density = useCell(settings).density;
  const rowHeight = density === "comfortable" ? 36 : 28;
  const virtual = useVirtualizer({ count, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 10, paddingStart: HEAD, scrollPaddingStart: HEAD, initialRect: { width: 1200, height: 800 } });
  useEffect(() => virtual.measure(), [rowHeight, virtual]);
  useEffect(() => {
    setAt(0);
    box.current?.scrollTo({ top: 0 });
  }, [start]);
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => onRange(first, last), [first, last, onRange]);
  const current = Math.min(at, Math.max(count - 1, 0));
  const move = (to: number) => {
    const next = Math.max(0, Math.min(count - 1, to));
    setAt(next);
    virtual.scrollToIndex(next, { align: "auto" });
    box.current?.focus({ preventScroll: true });
  };
  const row = rowAt(current);
  const screen = Math.max(1, Math.floor(((box.current?.clientHeight ?? 700) - HEAD) / rowHeight) - 1);
  const latest = useRef(open);
  latest.current = open;
  const opens = useRef((value: T) => latest.current(value)).current;
  const pick = useRef(setAt).current;
  const trees = useRef(tree);
  trees.current = tree;
  const toggle = useRef((index: number) => trees.current?.toggle(index)).current;
  const place = tree?.placeAt(current);
  const onward = () => {
    if (place?.open === false) toggle(current);
    else if (place?.open) move(current + 1);
    else box.current?.scrollBy({ left: 120 });
  };
  const back = () => {
    if (place?.open) toggle(current);
    else if (place?.up !== undefined && !box.current?.scrollLeft) move(place.up);
    else box.current?.scrollBy({ left: -120 });
  };
  const enter = () => {
    if (row === undefined) return;
    if (tree?.only(row)) toggle(current);
    else open(row);
  };
  useKeys([
    { keys: "j", label: "Next row", run: () => move(current + 1) },
    { keys: "k", label: "Row before", run: () => move(current - 1) },
    { keys: "ArrowDown", label: "", run: () => move(current + 1) },
    { keys: "ArrowUp", label: "", run: () => move(current - 1) },
    { keys: "PageDown", label: "", run: () => move(current + screen) },
    { keys: "PageUp", label: "", run: () => move(current - screen) },
    { keys: "Home", label: "", run: () => move(0) },
    { keys: "End", label: "", run: () => move(count - 1) },
    { keys: "ArrowRight", label: tree ? "Show what is below the row" : "", run: onward },
    { keys: "ArrowLeft", label: tree ? "Hide it, or go to the row above" : "", run: back },
    { keys: "Enter", label: "Open the row", run: enter },
    { keys: "x", label: "Select the row", run: () => row !== undefined && onSelect(row) },
  ]);
  const style = template(columns);
  return (
    <div
      ref={box}
      className={`grid ${stale ? "old" : ""}`}
      role={tree ? "treegrid" : "grid"}
      tabIndex={0}
      aria-label={label}
      aria-busy={stale}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-multiselectable
      aria-activedescendant={items.some((item) => item.index === current) ? `${base}-${current}` : undefined}
    >
      <div role="rowgroup">
        <Head columns={columns} sort={sort} onSort={onSort} onWidth={onWidth} onMove={onMove} style={{ gridTemplateColumns: style }} />
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize() - HEAD }}>
        {items.map((item) => {
          const value = rowAt(item.index);
          const where = tree?.placeAt(item.index);
          return (
            <Line
              key={value === undefined ? `wait ${item.index}` : id(value)}
              value={value}
              index={item.index}
              base={base}
              start={item.start}
              at={item.index === current}
              selected={value !== undefined && selected.has(id(value))}
              columns={columns}
              style={style}
              pick={pick}
              open={opens}
              level={where?.level}
              expanded={where?.open}
              only={value !== undefined && (tree?.only(value) ?? false)}
              toggle={toggle}
            />
          );
        })}
      </div>
    </div>
  );
}
