/** What a list of runs is set up with: its columns, and views that are kept under a name. */
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { changeView, removeView, saveView, useRunKeys, useViews } from "../api/run-lists";
import type { SavedView } from "../api/types";
import { count, plural } from "../lib/format";
import { addressOf, ATTRIBUTES, differs, headOf, KINDS, moved, sentView, type ColumnAt, type RunsView } from "../lib/runs-view";
import { toast } from "../lib/store";
import { To } from "../ui/bits";
import { Dialog } from "../ui/dialogs";
import { Icon } from "../ui/icons";
import { Fault, Loaded } from "../ui/state";

/** Keys of a kind that are offered at once; typing narrows the rest down. */
export const OFFERED = 100;
export const TITLES = { metrics: "Metrics", params: "Parameters", tags: "Tags" } as const;

export interface Offer {
  key: string;
  name: string;
  note?: string;
}

export function Close({ close }: { close: () => void }) {
  return (
    <button type="button" className="btn quiet icon" aria-label="Close" onClick={close}>
      <Icon name="close" />
    </button>
  );
}

function Offers({ title, offers, chosen, toggle }: { title: string; offers: readonly Offer[]; chosen: ReadonlySet<string>; toggle: (key: string) => void }) {
  if (offers.length === 0) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      {offers.slice(0, OFFERED).map(({ key, name, note }) => (
        <label key={key}>
          <input type="checkbox" className="check" checked={chosen.has(key)} disabled={chosen.has(key) && chosen.size === 1} onChange={() => toggle(key)} />
          <span className="grow cut" title={name}>
            {name}
          </span>
          {note && <span className="ink3">{note}</span>}
        </label>
      ))}
      {offers.length > OFFERED && <p className="ink3">{count(offers.length - OFFERED)} more: type a part of the name</p>}
    </fieldset>
  );
}

/** Every metric, parameter and tag that the runs have, to be shown or not, and in which order. */
export function ColumnPicker({ experiment, columns, own, set, close }: { experiment: string; columns: readonly ColumnAt[]; own: boolean; set: (columns: readonly ColumnAt[]) => void; close: () => void }) {
  const [text, setText] = useState("");
  const keys = useRunKeys(experiment || undefined);
  const chosen = new Set(columns.map((column) => column.key));
  const wanted = text.trim().toLowerCase();
  const named = ({ name }: Offer) => name.toLowerCase().includes(wanted);
  const toggle = (key: string) => set(chosen.has(key) ? columns.filter((column) => column.key !== key) : [...columns, { key }]);
  return (
    <Dialog className="card" label="Columns" close={close}>
      <header>
        <h2>Columns</h2>
        <Close close={close} />
      </header>
      <div className="picks">
        <input autoFocus className="input" aria-label="Find a column" placeholder="a part of a name" value={text} onChange={(e) => setText(e.target.value)} />
        {!wanted && (
          <section>
            <h3>Shown, from left to right</h3>
            <ol>
              {columns.map(({ key }, index) => (
                <li key={key}>
                  <span className="grow cut" title={key}>
                    {headOf(key)}
                  </span>
                  <button type="button" className="btn quiet icon" aria-label={`${headOf(key)} further left`} disabled={index === 0} onClick={() => set(moved(columns, key, columns[index - 1]?.key))}>
                    ↑
                  </button>
                  <button type="button" className="btn quiet icon" aria-label={`${headOf(key)} further right`} disabled={index === columns.length - 1} onClick={() => set(moved(columns, key, columns[index + 2]?.key))}>
                    ↓
                  </button>
                </li>
              ))}
            </ol>
          </section>
        )}
        <Loaded query={keys}>
          {(found) =>
            KINDS.map((kind) => (
              <Offers key={kind} title={TITLES[kind]} offers={found[kind].map(({ key, runs, varies }) => ({ key: `${kind}.${key}`, name: key, note: varies ? plural(runs, "run") : `${plural(runs, "run")}, all the same` })).filter(named)} chosen={chosen} toggle={toggle} />
            ))
          }
        </Loaded>
        <Offers title="Of every run" offers={ATTRIBUTES.map(([key, name]) => ({ key, name })).filter(named)} chosen={chosen} toggle={toggle} />
        <button type="button" className="btn" disabled={!own} onClick={() => set([])}>
          Let the page choose
        </button>
      </div>
    </Dialog>
  );
}

interface ViewsProps {
  view: RunsView;
  /** Number of the experiment that is shown. */
  experiment: string | undefined;
  current: SavedView | undefined;
  experimentName: (id: string) => string;
  go: (href: string) => void;
  close: () => void;
}

/** Views to open, to keep, to change and to remove. */
export function Views({ view, experiment, current, experimentName, go, close }: ViewsProps) {
  const client = useQueryClient();
  const views = useViews();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const attempt = async (what: () => Promise<unknown>) => {
    setFault(null);
    try {
      await what();
      await client.invalidateQueries({ queryKey: ["/views"] });
    } catch (error) {
      setFault(error);
    }
  };
  const keep = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      const made = await saveView(sentView(view, name, shared, experiment));
      go(addressOf(made, experimentName));
      toast(`Kept as ${made.name}`);
      close();
    });
  };
  const change = (of: SavedView) =>
    attempt(async () => {
      await changeView(of.id, sentView(view, of.name, of.shared, experiment));
      toast(`${of.name} is what you see now`);
      close();
    });
  const remove = ({ id, name: called, shared: seen, experiment: of, filter, order_by, columns, group_by, nested }: SavedView) =>
    attempt(async () => {
      await removeView(id);
      const again = () => attempt(() => saveView({ name: called, shared: seen, experiment: of, filter, order_by, columns, group_by, nested }));
      toast(`${called} is removed`, { label: "Undo", run: () => void again() });
    });
  return (
    <Dialog className="card" label="Views" close={close}>
      <header>
        <h2>Views</h2>
        <Close close={close} />
      </header>
      <div className="picks">
        {fault !== null && <Fault error={fault} title="The view was not changed" />}
        {current?.own && differs(view, current) && (
          <button type="button" className="btn" onClick={() => void change(current)}>
            Change {current.name} to what you see
          </button>
        )}
        <form className="row gap4" onSubmit={keep}>
          <input className="input" aria-label="Name of the new view" placeholder="a name for what you see" required maxLength={120} value={name} onChange={(e) => setName(e.target.value)} />
          <label>
            <input type="checkbox" className="check" checked={shared} onChange={(e) => setShared(e.target.checked)} />
            shared
          </label>
          <button type="submit" className="btn primary">
            Keep
          </button>
        </form>
        <Loaded query={views}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="ink2">A view keeps the filter, the order, the columns and the groups under a name.</p>
            ) : (
              <ul aria-label="Views">
                {items.map((one) => (
                  <li key={one.id}>
                    <To className="grow cut" href={addressOf(one, experimentName)} aria-current={one.id === current?.id ? "page" : undefined} onClick={close}>
                      {one.name}
                    </To>
                    <span className="ink3">{one.own ? (one.shared ? "yours, shared" : "yours") : `of ${one.owner}`}</span>
                    {one.own && (
                      <button type="button" className="btn quiet icon" aria-label={`Remove ${one.name}`} onClick={() => void remove(one)}>
                        <Icon name="close" />
                      </button>
                    )}
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </div>
    </Dialog>
  );
}
