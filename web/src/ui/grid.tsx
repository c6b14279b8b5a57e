/** The dense table: virtual rows, one Tab stop, j/k/x/Enter, sort by the server. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { useKeys } from "../lib/keys";
import { settings } from "../lib/settings";
import { useCell } from "../lib/store";

export interface Column<T> {
  key: string;
  head: ReactNode;
  /** Whole name for hover, where the head may be cut. */
  title?: string;
  cell: (row: T) => ReactNode;
  width: number;
  num?: boolean;
  sortable?: boolean;
  sticky?: boolean;
}

export interface Sort {
  key: string;
  desc: boolean;
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  id: (row: T) => string;
  columns: readonly Column<T>[];
  open: (row: T) => void;
  sort?: Sort;
  onSort?: (key: string) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (id: string) => void;
  /** Called when the last rows come into view. */
  more?: () => void;
}

function template<T>(columns: readonly Column<T>[]): string {
  return columns.map((column, index) => (index === columns.length - 1 ? `minmax(${column.width}px, 1fr)` : `${column.width}px`)).join(" ");
}

function Head<T>({ columns, sort, onSort }: Pick<Props<T>, "columns" | "sort" | "onSort">) {
  return (
    <div className="hrow" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template(columns) }}>
      {columns.map((column, index) => {
        const on = sort?.key === column.key;
        return (
          <div
            key={column.key}
            role="columnheader"
            aria-colindex={index + 1}
            aria-sort={on ? (sort.desc ? "descending" : "ascending") : undefined}
            className={`${column.num ? "num" : ""} ${column.sticky ? "sticky" : ""}`}
            title={column.title}
          >
            {column.sortable && onSort ? (
              <button type="button" tabIndex={-1} className="sort" aria-pressed={on} onClick={() => onSort(column.key)}>
                {column.head}
                {on ? (sort.desc ? " ↓" : " ↑") : ""}
              </button>
            ) : (
              column.head
            )}
          </div>
        );
      })}
    </div>
  );
}

export function Grid<T>({ label, rows, id, columns, open, sort, onSort, selected, onSelect, more }: Props<T>) {
  const base = useId();
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const density = useCell(settings).density;
  const rowHeight = density === "comfortable" ? 36 : 28;
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 12, paddingStart: 28, scrollPaddingStart: 28, initialRect: { width: 1200, height: 800 } });
  useEffect(() => virtual.measure(), [rowHeight, virtual]);
  const items = virtual.getVirtualItems();
  const end = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && rows.length > 0 && end >= rows.length - 20) more();
  }, [end, rows.length, more]);
  const current = Math.min(at, Math.max(rows.length - 1, 0));
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setAt(next);
    virtual.scrollToIndex(next, { align: "auto" });
    box.current?.focus({ preventScroll: true });
  };
  const row = rows[current];
  useKeys([
    { keys: "j", label: "Next row", run: () => move(current + 1) },
    { keys: "k", label: "Row before", run: () => move(current - 1) },
    { keys: "ArrowDown", label: "", run: () => move(current + 1) },
    { keys: "ArrowUp", label: "", run: () => move(current - 1) },
    { keys: "Home", label: "", run: () => move(0) },
    { keys: "End", label: "", run: () => move(rows.length - 1) },
    { keys: "Enter", label: "Open the row", run: () => row !== undefined && open(row) },
    ...(onSelect ? [{ keys: "x", label: "Select the row", run: () => row !== undefined && onSelect(id(row)) }] : []),
  ]);
  const columnsStyle = template(columns);
  return (
    <div
      ref={box}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-multiselectable={onSelect ? true : undefined}
      aria-activedescendant={items.some((item) => item.index === current) && row !== undefined ? `${base}-${current}` : undefined}
    >
      <div role="rowgroup">
        <Head columns={columns} sort={sort} onSort={onSort} />
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize() - 28 }}>
        {items.map((item) => {
          const value = rows[item.index];
          if (value === undefined) return null;
          const key = id(value);
          return (
            <div
              key={key}
              id={`${base}-${item.index}`}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={onSelect ? (selected?.has(key) ?? false) : undefined}
              className={`grow-row ${item.index === current ? "at" : ""}`}
              style={{ gridTemplateColumns: columnsStyle, transform: `translateY(${item.start}px)` }}
              onClick={() => setAt(item.index)}
              onDoubleClick={() => open(value)}
            >
              {columns.map((column, index) => (
                <div key={column.key} role="gridcell" aria-colindex={index + 1} className={`${column.num ? "num" : ""} ${column.sticky ? "sticky" : ""}`}>
                  {column.cell(value)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
