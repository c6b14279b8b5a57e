/** Webhooks: who is told of changes in the registry, and how that went. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { patch, post, remove } from "../api/client";
import { useDeliveries, useWebhooks } from "../api/queries";
import type { Delivery, Webhook } from "../api/types";
import { moment } from "../lib/format";
import { toast } from "../lib/store";
import { Ask, type Question } from "../ui/ask";
import { Panel, useParam, When } from "../ui/bits";
import { Empty, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";

const words = (event: string) => event.replaceAll("_", " ").replace(".", " ");

/** Events of prompts stand after those of models. */
export function byThing(events: readonly string[]): [string, string[]][] {
  return [
    ["models", events.filter((event) => !event.startsWith("prompt"))],
    ["prompts", events.filter((event) => event.startsWith("prompt"))],
  ];
}

function useHooks() {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("webhook") ?? false });
  const after = async <T,>(work: Promise<T>) => {
    const done = await work;
    await refresh();
    return done;
  };
  return {
    create: (spec: { name: string; url: string; description: string; secret: string; events: string[] }) => after(post("/webhooks", {}, { ...spec, secret: spec.secret || undefined })),
    change: (id: string, spec: { status?: string; secret?: string; url?: string }) => after(patch("/webhooks/{id}", { id }, spec)),
    drop: (id: string) => after(remove("/webhooks/{id}", { id })),
    test: (id: string, event: string) => post("/webhooks/{id}/test", { id }, { event }),
  };
}

const BLANK = { name: "", url: "", description: "", secret: "" };

function Create({ events, create }: { events: readonly string[]; create: ReturnType<typeof useHooks>["create"] }) {
  const [values, setValues] = useState(BLANK);
  const [chosen, setChosen] = useState<string[]>(["model_version.created", "model_version_alias.created"]);
  const [fault, setFault] = useState("");
  const field = (name: keyof typeof BLANK, label: string, more: { type?: string; placeholder?: string; required?: boolean } = {}) => (
    <label className="stack">
      <span className="small ink2">{label}</span>
      <input className="input" autoComplete={more.type === "password" ? "new-password" : "off"} {...more} value={values[name]} onChange={(e) => setValues({ ...values, [name]: e.target.value })} />
    </label>
  );
  return (
    <Panel title="New webhook">
      <form
        className="pad stack gap12"
        onSubmit={(event) => {
          event.preventDefault();
          setFault("");
          create({ ...values, events: chosen }).then(
            (made) => {
              toast(`${made.name} is told from now on`);
              setValues(BLANK);
            },
            (error: Error) => setFault(error.message),
          );
        }}
      >
        {field("name", "Name", { required: true })}
        {field("url", "Address", { type: "url", placeholder: "https://example.org/hook", required: true })}
        {field("secret", "Secret, which signs what is told; it is never shown again", { type: "password" })}
        {field("description", "What it is for")}
        {byThing(events).map(([thing, list]) => (
          <fieldset key={thing} className="boxes">
            <legend className="small ink2">Events of {thing}</legend>
            {list.map((event) => (
              <label key={event} className="row">
                <input type="checkbox" className="check" checked={chosen.includes(event)} onChange={(e) => setChosen(e.target.checked ? [...chosen, event] : chosen.filter((one) => one !== event))} />
                {words(event)}
              </label>
            ))}
          </fieldset>
        ))}
        {fault && (
          <p className="bad wrap" role="alert">
            {fault}
          </p>
        )}
        <div>
          <button type="submit" className="btn primary" disabled={!values.name.trim() || !values.url.trim() || chosen.length === 0}>
            Create
          </button>
        </div>
      </form>
    </Panel>
  );
}

/** What became of a telling, in a line. */
export function outcome(delivery: Delivery): string {
  const tries = delivery.attempts === 1 ? "1 try" : `${delivery.attempts} tries`;
  const status = delivery.status == null ? "" : `answered ${delivery.status}, `;
  const next = delivery.next_ms == null || delivery.attempts === 0 ? "" : `, next ${moment(delivery.next_ms)}`;
  return `${status}${tries}${next}`;
}

const STATES: Record<string, string> = { pending: "waiting", delivered: "done", failed: "failed" };

function Deliveries({ hook }: { hook: Webhook }) {
  const query = useDeliveries(hook.id);
  return (
    <Loaded query={query}>
      {(data) => (
        <Panel title={`What ${hook.name} was told`} tools={data.items.length > 0 && "newest first"}>
          {data.items.length === 0 ? (
            <p className="pad ink2">Nothing yet. Test sends an example now; it is no delivery and leaves no record.</p>
          ) : (
            <div className="scroll" tabIndex={0} role="region" aria-label="Deliveries">
              <table className="t">
                <thead>
                  <tr>
                    <th>when</th>
                    <th>event</th>
                    <th>state</th>
                    <th>how it went</th>
                    <th>error</th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((delivery) => (
                    <tr key={delivery.id}>
                      <td>
                        <When ms={delivery.created_ms} />
                      </td>
                      <td className="keep">{words(delivery.event)}</td>
                      <td>
                        <Status state={STATES[delivery.state] ?? delivery.state}>{delivery.state}</Status>
                      </td>
                      <td className="keep">{outcome(delivery)}</td>
                      <td className="why wrap ink2">{delivery.error}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Panel>
      )}
    </Loaded>
  );
}

function Row({ hook, at, pick, ask, hooks }: { hook: Webhook; at: boolean; pick: () => void; ask: (question: Question) => void; hooks: ReturnType<typeof useHooks> }) {
  const active = hook.status === "active";
  const told = (work: Promise<unknown>, text: string) =>
    void work.then(
      () => toast(text),
      (error: Error) => toast(error.message),
    );
  const test = () => {
    ask({
      title: `Test ${hook.name}`,
      text: "Sends an example of an event now.",
      fields: [{ name: "event", label: "Event", choices: hook.events }],
      does: "Send",
      act: async ({ event = "" }) => {
        const result = await hooks.test(hook.id, event);
        if (!result.success) throw new Error(result.error || `It answered ${result.status ?? "nothing"}${result.body ? `: ${result.body.slice(0, 200)}` : ""}`);
        toast(`${hook.name} answered ${result.status}`);
      },
    });
  };
  return (
    <tr className={at ? "on" : ""}>
      <td>
        <button type="button" className="linkish" aria-pressed={at} onClick={pick}>
          {hook.name}
        </button>
        {hook.description && <div className="small ink3 wrap">{hook.description}</div>}
      </td>
      <td className="mono wrap">{hook.url}</td>
      <td className="small">{hook.events.map((event) => <div key={event}>{words(event)}</div>)}</td>
      <td>
        <Status state={active ? "active" : "paused"} />
      </td>
      <td>{hook.signed ? "yes" : <span className="ink3">no</span>}</td>
      <td className="keep end">
        <button type="button" className="btn" onClick={test} aria-label={`Test ${hook.name}`}>
          Test
        </button>{" "}
        <button type="button" className="btn" aria-label={`${active ? "Pause" : "Resume"} ${hook.name}`} onClick={() => told(hooks.change(hook.id, { status: active ? "disabled" : "active" }), active ? `${hook.name} is told nothing more` : `${hook.name} is told again`)}>
          {active ? "Pause" : "Resume"}
        </button>{" "}
        <button
          type="button"
          className="btn"
          aria-label={`New secret of ${hook.name}`}
          onClick={() => ask({ title: `Secret of ${hook.name}`, text: "The old one is replaced. Left empty, nothing is signed any more.", fields: [{ name: "secret", label: "New secret", secret: true }], does: "Replace", act: ({ secret = "" }) => hooks.change(hook.id, { secret }) })}
        >
          Secret
        </button>{" "}
        <button
          type="button"
          className="btn"
          aria-label={`Delete ${hook.name}`}
          onClick={() => ask({ title: `Delete ${hook.name}`, text: "What it was still to be told is forgotten.", fields: [], does: "Delete", danger: true, act: () => hooks.drop(hook.id) })}
        >
          Delete
        </button>
      </td>
    </tr>
  );
}

export function Webhooks() {
  const query = useWebhooks();
  const [picked, pick] = useParam("webhook");
  const [question, ask] = useState<Question | null>(null);
  const hooks = useHooks();
  const at = query.data?.items.find((hook) => hook.id === picked) ?? query.data?.items[0];
  const deliveries = useDeliveries(at?.id ?? "");
  // What it was told comes with the list: later it would push the form about.
  if (!useSettled(query, deliveries)) return null;
  return (
    <Loaded query={query}>
      {(data) => (
        <div className="cols main-side">
            <div className="stack gap12">
              <Panel title="Webhooks" tools={data.items.length > 0 && data.items.length}>
                {data.items.length === 0 ? (
                  <Empty title="Nobody is told yet" cli="volano webhook ls">
                    A webhook is told of new models, versions, tags and aliases: signed, in the background, and tried again when nobody answers.
                  </Empty>
                ) : (
                  <div className="scroll" tabIndex={0} role="region" aria-label="Webhooks">
                    <table className="t">
                      <thead>
                        <tr>
                          <th>name</th>
                          <th>address</th>
                          <th>events</th>
                          <th>state</th>
                          <th>signed</th>
                          <th>
                            <span className="sr">actions</span>
                          </th>
                        </tr>
                      </thead>
                      <tbody>
                        {data.items.map((hook) => (
                          <Row key={hook.id} hook={hook} at={hook.id === at?.id} pick={() => pick(hook.id)} ask={ask} hooks={hooks} />
                        ))}
                      </tbody>
                    </table>
                  </div>
                )}
              </Panel>
              {at && <Deliveries key={at.id} hook={at} />}
            </div>
            <Create events={data.events} create={hooks.create} />
            {question && <Ask key={question.title} question={question} close={() => ask(null)} />}
          </div>
      )}
    </Loaded>
  );
}
