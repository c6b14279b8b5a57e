/** One deployment: up, version and traffic, try it, its last predictions, undo. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { post } from "../api/client";
import { useDeployment, usePredictions } from "../api/queries";
import type { Deployment, Prediction, Rollout } from "../api/types";
import { figure, inline, percent, shortId, span } from "../lib/format";
import { paths } from "../lib/paths";
import { toast, useView } from "../lib/store";
import { Cards, Cli, Facts, Page, Panel, To, When } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Meter } from "../ui/small";
import { Empty, Fault, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";

function Traffic({ deployment }: { deployment: Deployment }) {
  return (
    <Panel title="Traffic" tools={<span>follows <span className="mono">{deployment.model}</span></span>}>
      {deployment.routes.length === 0 ? (
        <p className="pad ink2">{deployment.message ?? "No version is loaded."}</p>
      ) : (
        <div className="scroll">
          <table className="t">
            <tbody>
              {deployment.routes.map((r) => (
                <tr key={`${r.model} ${r.version}`}>
                  <td>
                    <To className="mono" href={paths.model(r.model, r.version)}>
                      {r.model}:{r.version}
                    </To>
                  </td>
                  <td>
                    <span className="row">
                      {r.route === "warm" ? null : <Meter share={r.share} label={`${percent(r.share)} of the traffic`} />}
                      <span className="num">{r.route === "warm" ? "kept warm" : percent(r.share, 0)}</span>
                    </span>
                  </td>
                  <td>
                    <Status state={r.state} />
                  </td>
                  <td title={r.runtime_reason ?? undefined}>{[r.route, r.runtime].filter(Boolean).join(", ")}</td>
                  <td className="num">{figure(r.requests_per_min, 3)}/min</td>
                  <td className="ink3">{r.message ?? <>since <When ms={r.since_ms} /></>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {deployment.rollout && <RolloutLine rollout={deployment.rollout} />}
    </Panel>
  );
}

function RolloutLine({ rollout }: { rollout: Rollout }) {
  return (
    <footer className="row gap12">
      <Status state={rollout.state} />
      <span>
        rollout of version {rollout.version}
        {rollout.from_version ? ` over ${rollout.from_version}` : ""}: {rollout.shares.map((s, i) => (i === rollout.step ? `[${percent(s, 0)}]` : percent(s, 0))).join(" → ")}
      </span>
      {rollout.reason && <span className="wrap">{rollout.reason}</span>}
    </footer>
  );
}

interface Answer {
  body: unknown;
  id: string | null;
  version: string | null;
  ms: number;
}

/** One call to the scoring address, as any client would make it. */
async function score(name: string, text: string): Promise<Answer> {
  const body: unknown = JSON.parse(text);
  const started = performance.now();
  const response = await fetch(`/serve/${encodeURIComponent(name)}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const answer = (await response.json()) as { detail?: string; title?: string };
  if (!response.ok) throw new Error(answer.detail ?? answer.title ?? `the server answered ${response.status}`);
  return { body: answer, id: response.headers.get("x-volano-prediction-id"), version: response.headers.get("x-volano-model-version"), ms: performance.now() - started };
}

function TryIt({ deployment, last }: { deployment: Deployment; last?: Prediction }) {
  const [text, setText] = useState("");
  const example = deployment.example?.rows ?? (last ? [last.features] : undefined);
  const filled = example === undefined ? "" : JSON.stringify({ rows: example.slice(0, 1) }, null, 2);
  useEffect(() => setText((now) => now || filled), [filled]);
  const call = useMutation({ mutationFn: () => score(deployment.name, text) });
  return (
    <Panel title="Try it" tools={<span className="mono">POST /serve/{deployment.name}</span>}>
      <div className="pad stack gap8">
        <label className="sr" htmlFor="body">
          Request body
        </label>
        <textarea id="body" className="area" rows={12} spellCheck={false} value={text} placeholder={'{"rows": [{"column": 1}]}'} onChange={(e) => setText(e.target.value)} />
        <div className="row">
          <button type="button" className="btn primary" disabled={!text || call.isPending} onClick={() => call.mutate()}>
            Send
          </button>
          {call.data && (
            <span className="ink2">
              {span(call.data.ms)}
              {call.data.version && ` · version ${call.data.version}`}
              {call.data.id && (
                <>
                  {" · "}
                  <To href={paths.trace(call.data.id.split(",")[0] ?? "")}>trace this prediction</To>
                </>
              )}
            </span>
          )}
        </div>
        <Cli line={`curl -s ${location.origin}/serve/${deployment.name} -H 'content-type: application/json' -d '{"rows": […]}'`} />
      </div>
      {call.isError && <Fault error={call.error} title="No prediction" />}
      {call.data && (
        <pre className="log" tabIndex={0} aria-label="Answer">
          {JSON.stringify(call.data.body, null, 2)}
        </pre>
      )}
    </Panel>
  );
}

function Predictions({ items }: { items: Prediction[] }) {
  if (items.length === 0) return <p className="pad ink2">No request yet.</p>;
  return (
    <div className="scroll">
      <table className="t">
        <thead>
          <tr>
            <th>prediction</th>
            <th>when</th>
            <th>version</th>
            <th>answer</th>
            <th className="num">latency</th>
          </tr>
        </thead>
        <tbody>
          {items.map((p) => (
            <tr key={p.id}>
              <td>
                <To className="mono" href={paths.trace(p.id)} title={p.id}>
                  {shortId(p.id)}
                </To>
              </td>
              <td>
                <When ms={p.time_ms} />
              </td>
              <td className="mono">
                {p.model}:{p.version} {p.route === "canary" && <span className="tag">canary</span>}
              </td>
              <td className="mono">
                <span className="cut" title={inline(p.output)}>
                  {inline(p.output)}
                </span>
              </td>
              <td className="num">{span(p.latency_us / 1000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Body({ deployment }: { deployment: Deployment }) {
  const predictions = usePredictions(deployment.name);
  const items = predictions.data?.items ?? [];
  if (!useSettled(predictions)) return null;
  return (
    <>
      <Panel>
        <Cards
          items={[
            { label: "state", value: <Status state={deployment.state} />, note: deployment.message ?? "" },
            { label: "requests", value: `${figure(deployment.requests_per_min, 3)}/min`, note: `${figure(deployment.requests)} in all` },
            { label: "errors", value: <span className={deployment.error_rate > 0.01 ? "bad" : ""}>{percent(deployment.error_rate)}</span> },
            { label: "latency p50", value: span(deployment.p50_ms) },
            { label: "latency p99", value: span(deployment.p99_ms) },
          ]}
        />
      </Panel>
      <div className="cols two">
        <div className="stack gap12">
          <Traffic deployment={deployment} />
          <Panel title="Last predictions" tools={<To href={paths.monitor(deployment.name)}>Monitoring</To>}>
            <Loaded query={predictions}>{() => <Predictions items={items.slice(0, 25)} />}</Loaded>
          </Panel>
        </div>
        <div className="stack gap12">
          <TryIt deployment={deployment} last={items[0]} />
          <Panel title="Rollout rules">
            <div className="pad">
              <Facts
                items={[
                  ["shares", deployment.canary.length ? deployment.canary.join(" → ") : "all at once"],
                  ["each lasts", deployment.canary.length ? span(deployment.every_ms) : ""],
                  ["rolls back when", deployment.rollback.length ? <span key="r" className="mono">{deployment.rollback.join(", ")}</span> : "never by itself"],
                  ["workers", `${deployment.workers} per version, ${deployment.queue} requests may wait, ${span(deployment.timeout_ms)} at most`],
                ]}
              />
            </div>
          </Panel>
          <Panel title="Earlier versions">
            <div className="pad stack gap8">
              {deployment.history.length === 0 ? (
                <p className="ink2">This is the first version.</p>
              ) : (
                <Facts items={[...deployment.history].reverse().map((h): [string, React.ReactNode] => [`${h.model}:${h.version}`, <span key={h.version} className="ink2">had the traffic from <When ms={h.since_ms} /></span>])} />
              )}
            </div>
          </Panel>
        </div>
      </div>
    </>
  );
}

export function DeploymentPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const query = useDeployment(name);
  const client = useQueryClient();
  useView(name, `volano deploy status ${name}`);
  const rollback = useMutation({
    mutationFn: () => post("/deployments/{name}/rollback", { name }, { reason: null }),
    onSuccess: () => {
      toast(`${name} is back on the version before`);
      void client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("deployment") ?? false });
    },
    onError: (error) => toast(error.message),
  });
  return (
    <Page
      title={name}
      crumb={<To href="/deploy">Deployments</To>}
      tools={
        <button type="button" className="btn" disabled={rollback.isPending || !query.data} onClick={() => rollback.mutate()} title="Return the traffic and the champion alias to the version before">
          <Icon name="undo" size={14} /> Roll back
        </button>
      }
    >
      <Loaded query={query} missing={<Empty center title={`There is no deployment ${name}`} cli="volano deploy ls" />}>
        {(deployment) => <Body deployment={deployment} />}
      </Loaded>
    </Page>
  );
}
