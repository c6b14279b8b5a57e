/** By what the runs of a list are gathered. */
import { useState } from "react";
import { useRunKeys } from "../api/run-lists";
import { count, plural } from "../lib/format";
import { PARENT, SHARED } from "../lib/run-groups";
import { headOf } from "../lib/runs-view";
import { Dialog } from "../ui/dialogs";
import { Loaded } from "../ui/state";
import { Close, OFFERED, TITLES, type Offer } from "./runs-tools";

function Choices({ title, offers, group, choose }: { title: string; offers: readonly Offer[]; group: string; choose: (key: string) => void }) {
  if (offers.length === 0) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      {offers.slice(0, OFFERED).map(({ key, name, note }) => (
        <button key={key} type="button" className="choice" aria-pressed={group === key} onClick={() => choose(key)}>
          <span className="grow cut" title={name}>
            {name}
          </span>
          {note && <span className="ink3">{note}</span>}
        </button>
      ))}
      {offers.length > OFFERED && <p className="ink3">{count(offers.length - OFFERED)} more: type a part of the name</p>}
    </fieldset>
  );
}

/** Parameters, tags and what every run has, one of which gathers the runs. */
export function GroupPicker({ experiment, group, set, close }: { experiment: string; group: string; set: (group: string) => void; close: () => void }) {
  const [text, setText] = useState("");
  const keys = useRunKeys(experiment || undefined);
  const wanted = text.trim().toLowerCase();
  const named = ({ name }: Offer) => name.toLowerCase().includes(wanted);
  const choose = (key: string) => {
    set(key);
    close();
  };
  return (
    <Dialog className="card" label="Group by" close={close}>
      <header>
        <h2>Group by</h2>
        <Close close={close} />
      </header>
      <div className="picks">
        <input autoFocus className="input" aria-label="Find what to group by" placeholder="a part of a name" value={text} onChange={(e) => setText(e.target.value)} />
        {group && (
          <button type="button" className="btn" onClick={() => choose("")}>
            Do not group
          </button>
        )}
        <Choices title="Of every run" offers={SHARED.map((key) => ({ key, name: headOf(key) })).filter(named)} group={group} choose={choose} />
        <Loaded query={keys}>
          {(found) =>
            (["params", "tags"] as const).map((kind) => {
              // What is the same everywhere makes one group.
              const telling = [...found[kind]].filter(({ key }) => `${kind}.${key}` !== PARENT).sort((a, b) => Number(b.varies) - Number(a.varies));
              return (
                <Choices
                  key={kind}
                  title={TITLES[kind]}
                  offers={telling.map(({ key, runs, varies }) => ({ key: `${kind}.${key}`, name: key, note: varies ? plural(runs, "run") : `${plural(runs, "run")}, all the same` })).filter(named)}
                  group={group}
                  choose={choose}
                />
              );
            })
          }
        </Loaded>
      </div>
    </Dialog>
  );
}
