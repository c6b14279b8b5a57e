/** The axes of parallel coordinates as rows: order, scale and limits by keyboard. */
import { useEffect, useState } from "react";
import type { Axis, Limit, Limits } from "../lib/axes";
import { figure } from "../lib/format";
import { Panel } from "../ui/bits";
import { Icon } from "../ui/icons";
import type { AxisChanges } from "./compare-parallel";

/** More names are chosen by dragging along the axis. */
const BOXES = 24;

function End({ label, value, set, hint }: { label: string; value: number | undefined; set: (value: number | undefined) => void; hint: number }) {
  const shown = value === undefined ? "" : String(Number(value.toPrecision(6)));
  const [draft, setDraft] = useState(shown);
  useEffect(() => setDraft(shown), [shown]);
  const keep = () => {
    const number = Number(draft.trim().replace(",", "."));
    if (draft.trim() === "") set(undefined);
    else if (Number.isFinite(number)) set(number);
    else setDraft(shown);
  };
  return <input className="input narrow code" inputMode="decimal" aria-label={label} placeholder={figure(hint)} value={draft} onChange={(e) => setDraft(e.target.value)} onBlur={() => draft !== shown && keep()} onKeyDown={(e) => e.key === "Enter" && keep()} />;
}

function NumberLimit({ axis, limit, set }: { axis: Axis; limit: Limit | undefined; set: (limit: Limit | undefined) => void }) {
  const [low, high] = axis.scale?.ends ?? [0, 1];
  const range = limit && "range" in limit ? limit.range : undefined;
  const change = (from: number | undefined, to: number | undefined) => {
    if (from === undefined && to === undefined) return set(undefined);
    const [a, b] = [from ?? Math.min(low, to ?? low), to ?? Math.max(high, from ?? high)];
    set({ range: a <= b ? [a, b] : [b, a] });
  };
  return (
    <span className="row gap4">
      <End label={`${axis.name} from`} hint={low} value={range?.[0]} set={(from) => change(from, range?.[1])} />
      <span className="ink3">to</span>
      <End label={`${axis.name} to`} hint={high} value={range?.[1]} set={(to) => change(range?.[0], to)} />
    </span>
  );
}

function NameLimit({ axis, limit, set }: { axis: Axis; limit: Limit | undefined; set: (limit: Limit | undefined) => void }) {
  const on = limit && "names" in limit ? limit.names : axis.names;
  const toggle = (name: string) => {
    const next = axis.names.filter((one) => (one === name) !== on.includes(one));
    set(next.length === axis.names.length || next.length === 0 ? undefined : { names: next });
  };
  return (
    <span className="row gap12 wrapping">
      {axis.names.slice(0, BOXES).map((name) => (
        <label key={name} className="row gap4">
          <input type="checkbox" className="check" checked={on.includes(name)} onChange={() => toggle(name)} />
          <span className="mono cut name" title={name}>
            {name}
          </span>
        </label>
      ))}
      {axis.names.length > BOXES && <span className="ink3">and {axis.names.length - BOXES} more</span>}
    </span>
  );
}

export function AxisRows({ axes, limits, changes }: { axes: readonly Axis[]; limits: Limits; changes: AxisChanges }) {
  return (
    <Panel title="Axes">
      <div className="scroll">
        <table className="t axes">
          <thead>
            <tr>
              <th scope="col">axis</th>
              <th scope="col">order</th>
              <th scope="col">scale</th>
              <th scope="col">only runs</th>
              <th>
                <span className="sr">remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {axes.map((axis, i) => (
              <tr key={axis.key}>
                <td className="keep">
                  <span className="cut" title={axis.name}>
                    {axis.name}
                  </span>{" "}
                  <span className="ink3 small">{axis.key.startsWith("metrics.") ? "metric" : "parameter"}</span>
                </td>
                <td>
                  <span className="row gap4">
                    <button type="button" className="btn quiet icon" aria-label={`Move ${axis.name} left`} disabled={i === 0} onClick={() => changes.shift(i, -1)}>
                      ←
                    </button>
                    <button type="button" className="btn quiet icon" aria-label={`Move ${axis.name} right`} disabled={i === axes.length - 1} onClick={() => changes.shift(i, 1)}>
                      →
                    </button>
                  </span>
                </td>
                <td>
                  {axis.scale ? (
                    <button type="button" className="btn" aria-pressed={axis.log} aria-label={`log scale of ${axis.name}`} onClick={() => changes.log(axis.key)}>
                      log
                    </button>
                  ) : (
                    <span className="ink3">names</span>
                  )}
                </td>
                <td className="wide">{axis.scale ? <NumberLimit axis={axis} limit={limits.get(axis.key)} set={(limit) => changes.limit(axis.key, limit)} /> : <NameLimit axis={axis} limit={limits.get(axis.key)} set={(limit) => changes.limit(axis.key, limit)} />}</td>
                <td className="end">
                  <button type="button" className="btn quiet icon" aria-label={`Remove ${axis.name}`} onClick={() => changes.remove(axis.key)}>
                    <Icon name="close" size={12} />
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
