/** The trash: what is deleted, bringing it back, freeing its space, and how long it stays. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post, put } from "../api/client";
import { useExperimentNames, useExperiments, usePurges, useRetention, useTrash } from "../api/queries";
import type { Freed, PurgePreview, TrashItem } from "../api/types";
import { bytes, count, plural, words } from "../lib/format";
import { toast } from "../lib/store";
import { Cli, Panel, When } from "../ui/bits";
import { Empty, Fault, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";

/** What was taken, in words. */
export function things(freed: Freed): string {
  const parts: [number, string][] = [
    [freed.experiments, "experiment"],
    [freed.runs, "run"],
    [freed.logged_models, "logged model"],
    [freed.models, "model"],
    [freed.model_versions, "model version"],
  ];
  const told = parts.filter(([n]) => n > 0).map(([n, word]) => plural(n, word));
  return told.length > 0 ? told.join(", ") : "nothing";
}

function useRefresh(): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ predicate: (query) => String(query.queryKey[0]).startsWith("/trash") });
}

function Items({ items }: { items: TrashItem[] }) {
  const nameOf = useExperimentNames();
  const refresh = useRefresh();
  const restore = useMutation({
    mutationFn: (ref: string) => post("/trash/restore", {}, { refs: [ref] }),
    onSuccess: (answer) => {
      toast(`${answer.restored.join(", ")} is back`);
      refresh();
    },
  });
  return (
    <>
      {restore.isError && <Fault error={restore.error} title="It is not restored" />}
      <div className="scroll">
        <table className="t">
          <thead>
            <tr>
              <th>name</th>
              <th>kind</th>
              <th>in</th>
              <th>deleted</th>
              <th>by</th>
              <th className="num">files</th>
              <th>
                <span className="sr">restore</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={item.ref}>
                <td title={item.ref}>{item.name}</td>
                <td>
                  {words(item.kind)}
                  {item.parts > 0 && <span className="ink3"> with {plural(item.parts, item.kind === "experiment" ? "run" : "version")}</span>}
                </td>
                <td>{item.experiment ? nameOf(item.experiment) : "–"}</td>
                <td>
                  <When ms={item.deleted_ms} />
                </td>
                <td>{item.deleted_by || "–"}</td>
                <td className="num">{bytes(item.bytes)}</td>
                <td>
                  <button type="button" className="btn quiet" disabled={restore.isPending} aria-label={`Restore ${item.name}`} onClick={() => restore.mutate(item.ref)}>
                    Restore
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Looks first, then asks, then takes. */
function Purge() {
  const [days, setDays] = useState("");
  const refresh = useRefresh();
  const selection = { older_than_days: days === "" ? null : Number(days) };
  const preview = useMutation({ mutationFn: () => post("/trash/preview", {}, selection) });
  const purge = useMutation({
    mutationFn: () => post("/trash/purges", {}, selection),
    onSuccess: () => {
      toast("The purge has begun");
      preview.reset();
      refresh();
    },
  });
  const wrong = days !== "" && !/^\d{1,5}$/.test(days);
  return (
    <Panel title="Purge">
      <div className="pad stack gap8">
        <p className="ink2">What is purged cannot be restored. Look first.</p>
        <div className="row">
          <label htmlFor="older">deleted at least</label>
          <input id="older" className="input" inputMode="numeric" size={5} placeholder="0" aria-invalid={wrong} value={days} onChange={(e) => { setDays(e.target.value.trim()); preview.reset(); }} />
          <span>days ago</span>
          <button type="button" className="btn" disabled={wrong || preview.isPending} onClick={() => preview.mutate()}>
            Preview
          </button>
        </div>
        {preview.data && <Foreseen preview={preview.data} busy={purge.isPending} take={() => purge.mutate()} />}
        <Cli line={`volano trash purge ${days ? `--older-than ${days}d ` : ""}--dry-run`} />
      </div>
      {preview.isError && <Fault error={preview.error} title="No preview" />}
      {purge.isError && <Fault error={purge.error} title="Nothing is purged" />}
    </Panel>
  );
}

function Foreseen({ preview, busy, take }: { preview: PurgePreview; busy: boolean; take: () => void }) {
  const { freed } = preview;
  return (
    <div className="stack gap8" role="status">
      <p>
        {things(freed)} with {plural(freed.rows, "row")} ({plural(freed.points, "point")} of metrics) would go and free <b>{bytes(freed.bytes)}</b> in {plural(freed.files, "file")} that nothing else uses.
      </p>
      {preview.kept.map((kept) => (
        <p key={kept.ref} className="ink2">
          <span className="mono">{kept.ref}</span> stays: {kept.reason}
        </p>
      ))}
      {preview.more && <p className="ink2">There is more than one purge takes.</p>}
      {freed.rows > 0 && (
        <div className="row">
          <button type="button" className="btn primary" disabled={busy} onClick={take}>
            Purge {things(freed)} for good
          </button>
        </div>
      )}
    </div>
  );
}

function Rules() {
  const rules = useRetention();
  const nameOf = useExperimentNames();
  const refresh = useRefresh();
  const [days, setDays] = useState("30");
  const change = useMutation({
    mutationFn: (rule: { experiment: string | null; days: number | null }) => put("/trash/retention", {}, rule),
    onSuccess: refresh,
  });
  const wrong = !/^\d{1,5}$/.test(days);
  return (
    <Panel title="Retention">
      <div className="pad stack gap8">
        <Loaded query={rules}>
          {(data) =>
            data.items.length === 0 ? (
              <p className="ink2">No rule: what is deleted stays until somebody purges it.</p>
            ) : (
              <ul className="stack gap8">
                {data.items.map((rule) => (
                  <li key={rule.experiment ?? "all"} className="row">
                    <span>
                      {rule.experiment ? `experiment ${nameOf(rule.experiment)}` : "everything else"}: purged after {plural(rule.days, "day")}
                    </span>
                    <button type="button" className="btn quiet" disabled={change.isPending} onClick={() => change.mutate({ experiment: rule.experiment ?? null, days: null })}>
                      Remove
                    </button>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
        <div className="row">
          <label htmlFor="keep">purge by itself after</label>
          <input id="keep" className="input" inputMode="numeric" size={5} aria-invalid={wrong} value={days} onChange={(e) => setDays(e.target.value.trim())} />
          <span>days</span>
          <button type="button" className="btn" disabled={wrong || change.isPending} onClick={() => change.mutate({ experiment: null, days: Number(days) })}>
            Set
          </button>
        </div>
        <Cli line={`volano trash retention set ${wrong ? "30" : days}d --experiment NAME`} />
      </div>
      {change.isError && <Fault error={change.error} title="The rule is not changed" />}
    </Panel>
  );
}

function Purges() {
  const purges = usePurges();
  return (
    <Panel title="Purges">
      <Loaded query={purges}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="pad ink2">Nothing was purged yet.</p>
          ) : (
            <div className="scroll">
              <table className="t">
                <thead>
                  <tr>
                    <th>when</th>
                    <th>state</th>
                    <th>took</th>
                    <th className="num">rows</th>
                    <th className="num">freed</th>
                    <th>by</th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.slice(0, 20).map((purge) => (
                    <tr key={purge.id}>
                      <td>
                        <When ms={purge.created_ms} />
                      </td>
                      <td>
                        <Status state={purge.state === "finished" ? "finished" : "running"} />
                      </td>
                      <td>{things(purge.freed)}</td>
                      <td className="num">{count(purge.freed.rows)}</td>
                      <td className="num">{bytes(purge.freed.bytes)}</td>
                      <td>{purge.cause === "retention" ? "a rule" : purge.actor}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Panel>
  );
}

export function Trash() {
  const trash = useTrash();
  const settled = useSettled(trash, useRetention(), usePurges(), useExperiments());
  if (!settled) return null;
  return (
    <div className="stack gap12">
      <Panel title="In the trash">
        <Loaded query={trash}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty title="The trash is empty" cli="volano exp rm RUN">
                Deleted experiments, runs and models wait here until they are purged.
              </Empty>
            ) : (
              <>
                <Items items={data.items} />
                {data.next_offset != null && <p className="pad ink2">These are the newest {count(data.items.length)}; volano trash ls lists all.</p>}
              </>
            )
          }
        </Loaded>
      </Panel>
      <div className="cols two">
        <Purge />
        <Rules />
      </div>
      <Purges />
    </div>
  );
}
