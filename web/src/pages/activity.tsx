/** Who did what, when; what changed; and whether the chain of hashes holds, checked on this machine. */
import { useMemo, useState } from "react";
import { text } from "../api/client";
import { useAudit, useAuditEvent } from "../api/queries";
import type { AuditEvent, AuditPage } from "../api/types";
import { GENESIS, verify, type ChainEvent, type Verdict } from "../lib/audit";
import { count, exact, plural, sentence, shortId, words } from "../lib/format";
import { useKeys } from "../lib/keys";
import { actorName, pageOf, phrase, runNames, summary } from "../lib/phrases";
import { rawValues } from "../lib/raw-json";
import { useView } from "../lib/store";
import { Facts, Page, Panel, To, useParam, When } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Grid } from "../ui/grid";
import { Empty, Fault, Loaded } from "../ui/state";
import { Status } from "../ui/status";
import { Evidence } from "./decisions";

const PAGE = 1_000;

/** One page of the log with each detail as the server stored it. */
async function readPage(before: number | undefined): Promise<{ events: ChainEvent[]; next: number | undefined }> {
  const body = (await text("/audit", { limit: PAGE, before })).body;
  const page = JSON.parse(body) as AuditPage;
  const details = rawValues(body, "items", "detail");
  const events = page.items.map((event, i): ChainEvent => ({ ...event, detail_text: details[i] ?? "null" }));
  return { events, next: page.next_before ?? undefined };
}

/** Fetches the whole log, newest first, and checks it from its first event on. */
async function verifyAll(progress: (done: number) => void): Promise<Verdict> {
  const pages: ChainEvent[][] = [];
  let before: number | undefined;
  let read = 0;
  do {
    const page = await readPage(before);
    pages.push(page.events);
    read += page.events.length;
    progress(read);
    before = page.next;
  } while (before !== undefined);
  let verdict: Verdict = { ok: true, checked: 0, head: GENESIS };
  for (const events of pages.reverse()) {
    verdict = verify([...events].reverse(), verdict.ok ? verdict.head : GENESIS, verdict.checked);
    if (!verdict.ok) break;
    // The page stays alive between parts.
    await new Promise((done) => setTimeout(done, 0));
  }
  return verdict;
}

function Proof() {
  const [state, setState] = useState<{ reading?: number; verdict?: Verdict; error?: unknown; ms?: number }>({});
  const run = async () => {
    const started = performance.now();
    setState({ reading: 0 });
    try {
      const verdict = await verifyAll((reading) => setState({ reading }));
      setState({ verdict, ms: performance.now() - started });
    } catch (error) {
      setState({ error });
    }
  };
  const { verdict } = state;
  return (
    <>
      <button type="button" className="btn" disabled={state.reading !== undefined} onClick={() => void run()} title="Recomputes every BLAKE3 hash in this browser">
        Verify chain
      </button>
      <span role="status">
        {state.reading !== undefined && <span className="ink2">read {count(state.reading)} events</span>}
        {verdict?.ok && (
          <Status state="intact" title={`Head ${verdict.head}: note it elsewhere, and a later cut shows.`}>
            {`${count(verdict.checked)} events intact, checked here · head ${verdict.head.slice(0, 12)}`}
          </Status>
        )}
        {verdict && !verdict.ok && <Status state="broken">{`broken at event ${verdict.seq}: ${verdict.reason}`}</Status>}
      </span>
      {state.error !== undefined && <Fault error={state.error} retry={() => void run()} />}
    </>
  );
}

function changes(detail: unknown): { before: unknown; after: unknown } | undefined {
  if (detail === null || typeof detail !== "object") return undefined;
  const record = detail as Record<string, unknown>;
  return "before" in record || "after" in record ? { before: record.before, after: record.after } : undefined;
}

function Detail({ event, close }: { event: AuditEvent; close: () => void }) {
  useKeys([{ keys: "Escape", label: "Close the event", run: close }]);
  const change = changes(event.detail);
  const page = pageOf(event);
  return (
    <Panel title={`Event ${event.seq}`} tools={
        <>
          <Status state={event.outcome} />
          <button type="button" className="btn quiet icon" aria-label="Close the event" title="Close (Esc)" onClick={close}>
            <Icon name="close" size={12} />
          </button>
        </>
      } className="aside">
      <div className="pad stack gap12">
        <Facts
          items={[
            ["when", exact(event.time_ms)],
            ["who", <span key="w" className="wrap">{event.actor}</span>],
            ["what", <span key="a" className="mono wrap">{event.action}</span>],
            ["on", page ? <To key="p" href={page}>{`${words(event.noun)} ${shortId(event.id)}`}</To> : `${words(event.noun)} ${event.id}`],
          ]}
        />
        <p className="wrap">{sentence(summary(event))}</p>
        {change ? (
          <>
            <h3>before</h3>
            <div className="diff-del">
              <Evidence value={change.before} />
            </div>
            <h3>after</h3>
            <div className="diff-add">
              <Evidence value={change.after} />
            </div>
          </>
        ) : (
          <>
            <h3>details</h3>
            <Evidence value={event.detail} />
          </>
        )}
        <Facts
          items={[
            ["hash", <span key="h" className="mono wrap">{event.hash}</span>],
            ["follows", <span key="f" className="mono wrap">{event.prev_hash}</span>],
          ]}
        />
      </div>
    </Panel>
  );
}

export function Activity() {
  const [noun, setNoun] = useParam("noun");
  const [actor, setActor] = useParam("actor");
  const [at, setAt] = useParam("event");
  const [draft, setDraft] = useState(actor);
  const query = useAudit({ noun: noun || undefined, actor: actor || undefined });
  const rows = useMemo(() => query.data?.pages.flatMap((p) => p.items) ?? [], [query.data]);
  const runs = useMemo(() => runNames(rows), [rows]);
  const loaded = rows.find((e) => String(e.seq) === at);
  const older = useAuditEvent(loaded || query.isPending ? 0 : Number(at) || 0);
  const picked = loaded ?? older.data?.items.find((e) => String(e.seq) === at);
  useView("Activity", `volano audit log${noun ? ` --noun ${noun}` : ""}${actor ? ` --actor ${actor}` : ""}`);
  return (
    <Page
      title="Activity"
      flush
      tools={
        <>
          <select className="select" aria-label="Kind of thing" value={noun} onChange={(e) => setNoun(e.target.value)}>
            <option value="">Everything</option>
            {["data_version", "contract", "run", "pipeline_run", "decision", "model_version", "deployment", "rollout", "drift_report", "label"].map((n) => (
              <option key={n} value={n}>
                {words(n)}
              </option>
            ))}
          </select>
          <form
            onSubmit={(e) => {
              e.preventDefault();
              setActor(draft.trim());
            }}
          >
            <input data-filter className="input" aria-label="Only by" placeholder="only by: local, system" value={draft} onChange={(e) => setDraft(e.target.value)} onBlur={() => setActor(draft.trim())} />
          </form>
          <span className="row right">
            <Proof />
          </span>
        </>
      }
    >
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty center title={noun || actor ? "No event matches" : "Nothing has happened yet"} cli="volano audit log">
              Every change and every refusal is recorded before its answer goes out.
            </Empty>
          ) : (
            <div className={picked ? "split" : "split alone"}>
              <Grid
                label="Audit events"
                rows={rows}
                id={(e) => String(e.seq)}
                open={(e) => setAt(String(e.seq))}
                more={() => query.hasNextPage && !query.isFetchingNextPage && void query.fetchNextPage()}
                columns={[
                  { key: "seq", head: "no.", width: 60, num: true, cell: (e) => e.seq },
                  { key: "time", head: "when", width: 100, cell: (e) => <When ms={e.time_ms} /> },
                  { key: "actor", head: "who", width: 112, cell: (e) => <span title={e.actor}>{actorName(e.actor)}</span> },
                  {
                    key: "what",
                    head: "what",
                    width: 430,
                    cell: (e) => (
                      <button type="button" tabIndex={-1} className={`linkish ${phrase(e) === undefined ? "ink2" : "ink"}`} title={summary(e, runs)} onClick={() => setAt(String(e.seq))}>
                        {summary(e, runs)}
                      </button>
                    ),
                  },
                  {
                    key: "thing",
                    head: "on",
                    width: 170,
                    cell: (e) => {
                      const page = pageOf(e);
                      return page ? <To tabIndex={-1} href={page} title={`${words(e.noun)} ${e.id}`}>{shortId(e.id)}</To> : <span className="mono" title={`${words(e.noun)} ${e.id}`}>{shortId(e.id)}</span>;
                    },
                  },
                  { key: "outcome", head: "outcome", width: 90, cell: (e) => <Status state={e.outcome} /> },
                  { key: "action", head: "action", width: 200, cell: (e) => <span className="mono ink3" title={e.action}>{e.action}</span> },
                ]}
              />
              {picked && <Detail event={picked} close={() => setAt("")} />}
            </div>
          )
        }
      </Loaded>
      {rows.length > 0 && (
        <div className="under">
          {query.hasNextPage ? `the newest ${count(rows.length)} events; more come as you scroll` : `${plural(rows.length, "event")}, newest first`}
        </div>
      )}
    </Page>
  );
}
