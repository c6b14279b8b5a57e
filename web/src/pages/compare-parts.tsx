/** What the drawings of many runs share: choosing dimensions, colours of figures, the table that says the same. */
import { useRouter } from "@tanstack/react-router";
import { useLayoutEffect, useRef, useState, type RefObject } from "react";
import type { Run } from "../api/types";
import type { Axis } from "../lib/axes";
import { figure, plain, shortId } from "../lib/format";
import { paths } from "../lib/paths";
import { Panel, To } from "../ui/bits";
import { useRoving } from "../ui/roving";
import type { Dimensions } from "./compare";

/** The width of an element, as it changes. */
export function useWidth(first: number): [RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(first);
  // Before anything is seen: a drawing that changes its width pushes others about.
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const watch = new ResizeObserver(() => setWidth(el.clientWidth));
    watch.observe(el);
    setWidth(el.clientWidth);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}

export const nameOf = (run: Run): string => run.name || shortId(run.id);

/** A value as it reads: parameters as they were written, metrics with four digits. */
export function told(axis: Axis, run: number): string {
  const value = axis.values[run];
  if (value === null || value === undefined) return "none";
  if (typeof value === "string") return value;
  return axis.key.startsWith("metrics.") ? figure(value) : plain(value);
}

/** One hue from weak to strong; grey where there is no value. */
export const shade = (share: number | undefined): string => (share === undefined ? "var(--chart-0)" : `color-mix(in oklab, var(--seq-1) ${Math.round(share * 100)}%, var(--seq-0))`);

export function useOpen(): (run: Run) => void {
  const router = useRouter();
  return (run) => router.history.push(paths.run(run.id));
}

/** A metric or a parameter to choose. */
export function DimensionSelect({ label, value, set, dimensions, none, without = [] }: { label: string; value: string; set: (key: string) => void; dimensions: Dimensions; none?: string; without?: readonly string[] }) {
  const groups: [string, string, string[]][] = [
    ["metrics", "Metrics", dimensions.metrics],
    ["params", "Parameters", dimensions.params],
  ];
  return (
    <select className="select over" aria-label={label} value={value} onChange={(e) => set(e.target.value)}>
      {none !== undefined && <option value="">{none}</option>}
      {groups.map(([kind, title, names]) => (
        <optgroup key={kind} label={title}>
          {names
            .filter((name) => !without.includes(`${kind}.${name}`))
            .map((name) => (
              <option key={name} value={`${kind}.${name}`}>
                {name}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  );
}

/** The scale of colours with its ends. */
export function ShadeKey({ axis }: { axis: Axis }) {
  if (!axis.scale) return null;
  const [low, high] = axis.scale.ends;
  return (
    <span className="row gap4 small ink2">
      <span className="cut">{axis.name}</span> <span className="mono">{figure(low)}</span>
      <span className="shades" aria-hidden="true" />
      <span className="mono">{figure(high)}</span>
    </span>
  );
}

/** The runs of a drawing and their values, as a table. */
export function RunTable({ runs, rows, axes, lit, setLit, title, tools }: { runs: readonly Run[]; rows: readonly number[]; axes: readonly Axis[]; lit: string; setLit: (id: string) => void; title: string; tools?: React.ReactNode }) {
  const { holder, item } = useRoving(rows.length);
  return (
    <Panel title={title} tools={tools}>
      <div className="scroll short" role="region" aria-label={title} {...holder}>
        <table className="t compare">
          <thead>
            <tr>
              <th scope="col">run</th>
              {axes.map((axis) => (
                <th key={axis.key} scope="col" className={axis.scale ? "num" : ""}>
                  {axis.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => {
              const run = runs[row];
              if (!run) return null;
              return (
                <tr key={run.id} className={lit === run.id ? "on" : ""} onMouseEnter={() => setLit(run.id)} onMouseLeave={() => setLit("")}>
                  <th scope="row">
                    <To href={paths.run(run.id)} title={run.id} onFocus={() => setLit(run.id)} onBlur={() => setLit("")} {...item(place)}>
                      {nameOf(run)}
                    </To>
                  </th>
                  {axes.map((axis) => (
                    <td key={axis.key} className={axis.scale ? "num" : "mono wrap"}>
                      {told(axis, row)}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
