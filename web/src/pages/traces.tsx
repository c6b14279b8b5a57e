/** Traces of applications: what requests did, newest first, found by the server. */
import { useRouter } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useExperimentNames, useExperiments, useTracePages } from "../api/queries";
import type { TraceRow } from "../api/types";
import { count, plural, shortId, span } from "../lib/format";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Page, To, useParam, When } from "../ui/bits";
import { Grid, type Column } from "../ui/grid";
import { Empty, Loaded } from "../ui/state";
import { Status } from "../ui/status";

const PAGE = 100;

/** Plain words search in names; anything with an operator is the filter language as it is. */
function filterOf(text: string): string | undefined {
  const asked = text.trim();
  if (!asked) return undefined;
  return /[=<>]|\b(like|ilike|rlike|in|is)\b/i.test(asked) ? asked : `name ILIKE '%${asked.replaceAll("'", "")}%'`;
}

/** The tags that people set; those of the machinery are on the trace's own page. */
export function tagsOf(tags: Record<string, string>): [string, string][] {
  return Object.entries(tags).filter(([key]) => !key.startsWith("mlflow."));
}

function columnsFor(nameOf: (number: string) => string): Column<TraceRow>[] {
  return [
    { key: "time", head: "when", width: 100, cell: (trace) => <When ms={trace.start_ms} /> },
    {
      key: "name",
      head: "name",
      width: 200,
      cell: (trace) => (
        <To tabIndex={-1} href={paths.requestTrace(trace.id)} title={`${trace.name} ${trace.id}`}>
          {trace.name || shortId(trace.id)}
        </To>
      ),
    },
    { key: "state", head: "status", width: 110, cell: (trace) => <Status state={trace.state} /> },
    { key: "took", head: "took", width: 84, num: true, cell: (trace) => span(trace.duration_ms) },
    { key: "tokens", head: "tokens", width: 84, num: true, cell: (trace) => count(trace.total_tokens) },
    { key: "request", head: "request", width: 300, cell: (trace) => <code className="ink2" title={trace.request ?? undefined}>{trace.request ?? "–"}</code> },
    { key: "experiment", head: "experiment", width: 130, cell: (trace) => nameOf(trace.experiment) },
    { key: "tags", head: "tags", width: 200, cell: (trace) => <span className="mono">{tagsOf(trace.tags).map(([key, value]) => `${key}=${value}`).join(" ") || "–"}</span> },
  ];
}

export function Traces() {
  const router = useRouter();
  const [filter, setFilter] = useParam("filter");
  const [experiment, setExperiment] = useParam("experiment");
  const [draft, setDraft] = useState(filter);
  const experiments = useExperiments();
  const query = useTracePages({ experiment: experiment || undefined, filter: filterOf(filter), max_results: PAGE });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const nameOf = useExperimentNames();
  useView("Traces", `volano traces ls${experiment ? ` --experiment ${experiment}` : ""}${filter ? ` --filter "${filterOf(filter)}"` : ""}`);
  return (
    <Page
      title="Traces"
      crumb={<To href={experiment ? `/runs?experiment=${encodeURIComponent(experiment)}` : "/runs"}>Runs</To>}
      flush
      tools={
        <>
          <select className="select" aria-label="Experiment" value={experiment} onChange={(e) => setExperiment(e.target.value)}>
            <option value="">All experiments</option>
            {experiments.data?.items.map((e) => (
              <option key={e.id} value={e.name}>
                {e.name}
              </option>
            ))}
          </select>
          <form
            className="grow"
            onSubmit={(e) => {
              e.preventDefault();
              setFilter(draft);
            }}
          >
            <input data-filter className="input code" aria-label="Filter traces" placeholder="name, or status = 'ERROR' AND span.type = 'LLM'" value={draft} onChange={(e) => setDraft(e.target.value)} onBlur={() => setFilter(draft)} />
          </form>
        </>
      }
    >
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty center title={filter ? "No trace matches this filter" : "No traces yet"} cli={filter ? "volano traces ls --filter \"status = 'ERROR'\"" : `export MLFLOW_TRACKING_URI=${location.origin}`}>
              {filter ? "Times are in milliseconds, texts in quotes." : "Decorate a function with @mlflow.trace, or point an OpenTelemetry SDK at /v1/traces: each request shows up here."}
            </Empty>
          ) : (
            <Grid label="Traces" rows={rows} id={(trace) => trace.id} open={(trace) => router.history.push(paths.requestTrace(trace.id))} more={() => query.hasNextPage && !query.isFetchingNextPage && void query.fetchNextPage()} columns={columnsFor(nameOf)} />
          )
        }
      </Loaded>
      {rows.length > 0 && <div className="under">{query.hasNextPage ? `the newest ${count(rows.length)} traces; more come as you scroll` : `${plural(rows.length, "trace")}, newest first`}</div>}
    </Page>
  );
}
