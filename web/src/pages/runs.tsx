/** Runs: dense, sorted by the server, metrics straight after the name, a selection to compare. */
import { useRouter } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useExperimentNames, useExperiments, useRunPages } from "../api/queries";
import type { Run } from "../api/types";
import { slotOf } from "../lib/color";
import { count, figure, plural, span, words } from "../lib/format";
import { useKeys } from "../lib/keys";
import { byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Page, To, useParam, When } from "../ui/bits";
import { Grid, type Column, type Sort } from "../ui/grid";
import { Empty, Loaded } from "../ui/state";
import { Glyph, toneOf } from "../ui/status";

const PAGE = 500;
/** Columns taken unasked; the run's page has all. */
const METRICS = 6;
const PARAMS = 6;
/** Longer values say nothing in a column. */
const SHORT = 24;

/** Wide enough for a name of this length, within reason. */
const widthOf = (name: string) => Math.max(96, Math.min(160, name.length * 6 + 22));

/** Names by how many of the first rows have them, so that the columns say something. */
export function common(rows: readonly Run[], of: (run: Run) => Record<string, unknown>, most: number): string[] {
  const seen = new Map<string, number>();
  for (const run of rows.slice(0, 200)) for (const key of Object.keys(of(run))) seen.set(key, (seen.get(key) ?? 0) + 1);
  return [...seen]
    .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .slice(0, most)
    .map(([key]) => key);
}

/** Parameters that differ come first: the others do not help to choose. */
export function telling(rows: readonly Run[], most: number): string[] {
  const values = new Map<string, Set<string>>();
  for (const run of rows.slice(0, 200)) for (const [key, value] of Object.entries(run.params)) values.set(key, (values.get(key) ?? new Set()).add(value));
  const short = (of: Set<string>) => [...of].every((value) => value.length <= SHORT);
  return [...values]
    .filter(([key, of]) => short(of) && !key.includes("__") && !(of.size === 1 && of.has("None")))
    .sort((a, b) => Number(b[1].size > 1) - Number(a[1].size > 1) || a[0].localeCompare(b[0]))
    .slice(0, most)
    .map(([key]) => key);
}

/** What a model scores on its own training rows is shown as far as nothing better was measured. */
const TRAINING = 2;

function shownMetrics(rows: readonly Run[]): string[] {
  const all = byRank(common(rows, (run) => run.metrics, 40));
  const own = all.filter((key) => !/^train/i.test(key)).slice(0, METRICS);
  return [...own, ...all.filter((key) => /^train/i.test(key)).slice(0, own.length ? TRAINING : METRICS)];
}

export function parseSort(text: string): Sort {
  const [key = "start", direction = "desc"] = text.split(":").length > 1 ? [text.slice(0, text.lastIndexOf(":")), text.slice(text.lastIndexOf(":") + 1)] : [text || "start"];
  return { key, desc: direction !== "asc" };
}

export function orderBy(sort: Sort): string {
  const field = sort.key === "start" ? "start_time" : sort.key.startsWith("metrics.") || sort.key.startsWith("params.") ? `${sort.key.slice(0, sort.key.indexOf(".") + 1)}\`${sort.key.slice(sort.key.indexOf(".") + 1)}\`` : sort.key;
  return `${field} ${sort.desc ? "DESC" : "ASC"}`;
}

/** Plain words search in names; anything with an operator is the filter language as it is. */
export function filterOf(text: string): string | undefined {
  const wanted = text.trim();
  if (!wanted) return undefined;
  if (/[=<>]|\b(like|ilike|in)\b/i.test(wanted)) return wanted;
  return `attributes.run_name ILIKE '%${wanted.replaceAll("'", "''")}%'`;
}

function columnsFor(rows: readonly Run[], nameOf: (number: string) => string, selected: ReadonlySet<string>, select: (id: string) => void): Column<Run>[] {
  return [
    {
      key: "select",
      head: <span className="sr">selected</span>,
      width: 34,
      sticky: true,
      cell: (run) => <input type="checkbox" className="check" tabIndex={-1} aria-label={`select ${run.name}`} checked={selected.has(run.id)} onChange={() => select(run.id)} />,
    },
    {
      key: "name",
      head: "run",
      width: 200,
      cell: (run) => (
        <span className="row gap4">
          <Glyph state={run.status} />
          <span className={`dot s${slotOf(run.id)}`} aria-hidden="true" />
          <To href={paths.run(run.id)} tabIndex={-1} className="cut" title={`${run.name} ${run.id}`}>
            {run.name || run.id.slice(24)}
          </To>
        </span>
      ),
    },
    ...shownMetrics(rows).map((key): Column<Run> => ({ key: `metrics.${key}`, head: key, title: key, width: widthOf(key), num: true, sortable: true, cell: (run) => figure(run.metrics[key]) })),
    { key: "start", head: "started", width: 108, sortable: true, cell: (run) => <When ms={run.start_ms} /> },
    { key: "time", head: "took", width: 84, num: true, cell: (run) => (run.end_ms && run.start_ms ? span(run.end_ms - run.start_ms) : words(run.status.toLowerCase())) },
    ...telling(rows, PARAMS).map((key): Column<Run> => ({ key: `params.${key}`, head: key, title: key, width: widthOf(key), sortable: true, cell: (run) => <span className="mono" title={run.params[key]}>{run.params[key] ?? "–"}</span> })),
    { key: "experiment", head: "experiment", width: 130, cell: (run) => nameOf(run.experiment) },
  ];
}

export function Runs() {
  const router = useRouter();
  const [filter, setFilter] = useParam("filter");
  const [experiment, setExperiment] = useParam("experiment");
  const [sortText, setSort] = useParam("sort", "start:desc");
  const [draft, setDraft] = useState(filter);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const sort = parseSort(sortText);
  const experiments = useExperiments();
  const query = useRunPages({ experiment: experiment || undefined, filter: filterOf(filter), order_by: [orderBy(sort)], max_results: PAGE });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const select = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  const compare = () => selected.size > 0 && router.history.push(paths.compare([...selected]));
  useKeys([{ keys: "c", label: "Compare the selection", run: compare }]);
  useView("Runs", `volano exp ls${experiment ? ` ${experiment}` : ""}${filter ? ` --filter "${filterOf(filter)}"` : ""}`);
  const nameOf = useExperimentNames();
  const columns = columnsFor(rows, nameOf, selected, select);
  const more = () => {
    if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
  };
  return (
    <Page
      title="Runs"
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
            <input data-filter className="input code" aria-label="Filter runs" placeholder="name, or metrics.roc_auc > 0.7 and params.lr = '0.1'" value={draft} onChange={(e) => setDraft(e.target.value)} onBlur={() => setFilter(draft)} />
          </form>
          <button type="button" className="btn primary" disabled={selected.size < 2} onClick={compare}>
            Compare{selected.size > 0 ? ` ${selected.size}` : ""}
          </button>
        </>
      }
    >
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            filter ? (
              <Empty center title="No run matches this filter" cli={'volano exp ls --filter "metrics.roc_auc > 0.7"'}>
                Compare with = != &lt; &gt; LIKE on metrics, params, tags and attributes, joined by “and”.
              </Empty>
            ) : (
              <Empty center title="No runs yet" cli={[`export MLFLOW_TRACKING_URI=${location.origin}`, "volano run -- python train.py"]}>
                Any script that uses the mlflow package is tracked; this page fills while it runs.
              </Empty>
            )
          ) : (
            <>
              <Grid
                label="Runs"
                rows={rows}
                id={(run) => run.id}
                columns={columns}
                open={(run) => router.history.push(paths.run(run.id))}
                sort={sort}
                onSort={(key) => setSort(`${key}:${sort.key === key && sort.desc ? "asc" : "desc"}`)}
                selected={selected}
                onSelect={select}
                more={more}
              />
              <div className="under">
                <span>
                  {query.hasNextPage ? `the first ${count(rows.length)} runs` : plural(rows.length, "run")}, sorted by the server
                </span>
                {selected.size > 0 && <span>{selected.size} selected</span>}
                <span className="right">
                  {rows.filter((run) => toneOf(run.status) === "live").length} running · {rows.filter((run) => toneOf(run.status) === "bad").length} failed
                </span>
              </div>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
