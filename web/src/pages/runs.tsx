/** Runs: as many as there are, filtered and sorted by the server, with the columns one wants; the address holds it all. */
import { useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { ApiError } from "../api/client";
import { useExperimentNames, useExperiments } from "../api/queries";
import { useRunCount, useRunWindow, useSample, useViews } from "../api/run-lists";
import type { Run, RunSearch } from "../api/types";
import { slotOf } from "../lib/color";
import { count, plural } from "../lib/format";
import { useKeys } from "../lib/keys";
import { paths } from "../lib/paths";
import { allOf, asked, chosenFor, differs, faultAt, filterOf, headOf, MAX_WIDTH, MIN_WIDTH, moved, NEWEST_FIRST, orderBy, parseColumns, parseSort, parts, sortable, statusFilter, valueOf, widthOf, writeColumns, writeSort, type ColumnAt, type RunsView } from "../lib/runs-view";
import { useView } from "../lib/store";
import { Page, To, useParam, When } from "../ui/bits";
import { Empty, Fault } from "../ui/state";
import { Glyph } from "../ui/status";
import { WindowGrid, type WideColumn } from "../ui/window-grid";
import { ColumnPicker, Views } from "./runs-tools";

const STATES = ["running", "scheduled", "finished", "failed", "killed"];
const SELECT_WIDTH = 34;
/** As many as the server compares. */
const MOST_COMPARED = 50;

function columnsFor(at: readonly ColumnAt[], nameOf: (number: string) => string, selected: ReadonlySet<string>, select: (run: Run) => void): WideColumn<Run>[] {
  return [
    {
      key: "select",
      head: <span className="sr">selected</span>,
      width: SELECT_WIDTH,
      left: 0,
      cell: (run) => <input type="checkbox" className="check" tabIndex={-1} aria-label={`select ${run.name}`} checked={selected.has(run.id)} onChange={() => select(run)} />,
    },
    {
      key: "name",
      head: "run",
      width: 200,
      left: SELECT_WIDTH,
      sortable: true,
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
    ...at.map((column): WideColumn<Run> => {
      const { key } = column;
      const text = (run: Run) => valueOf(run, key, nameOf);
      const num = key === "duration" || parts(key).kind === "metrics";
      const cell = key === "start_time" ? (run: Run) => <When ms={run.start_ms} /> : num ? text : (run: Run) => <span title={text(run)}>{key === "run_id" ? run.id.slice(24) : text(run)}</span>;
      return { key, head: headOf(key), title: key, width: widthOf(column), num, sortable: sortable(key), own: true, cell };
    }),
  ];
}

/** The server's word on a filter, and where in the filter it looks. */
function FilterFault({ error, typed, sent }: { error: ApiError; typed: string; sent: string | undefined }) {
  const [before, at, after] = faultAt(typed, sent, error.problem.span);
  return (
    <div className="filter-fault" role="alert">
      <code>
        {before}
        <mark>{at || "\u00a0"}</mark>
        {after}
      </code>
      <span className="bad">{error.message}</span>
    </div>
  );
}

export function Runs() {
  const router = useRouter();
  const [filter, setFilter] = useParam("filter");
  const [experiment, setExperiment] = useParam("experiment");
  const [status, setStatus] = useParam("status");
  const [sortText, setSort] = useParam("sort", writeSort(NEWEST_FIRST));
  const [columnsText, setColumnsText] = useParam("cols");
  const [viewId] = useParam("view");
  const [draft, setDraft] = useState(filter);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [range, setRange] = useState<[number, number]>([0, 0]);
  const [shown, show] = useState<"" | "columns" | "views">("");
  useEffect(() => setDraft(filter), [filter]);
  const experiments = useExperiments();
  const nameOf = useExperimentNames();
  const views = useViews();

  const own = useMemo(() => parseColumns(columnsText), [columnsText]);
  const sample = useSample(experiment || undefined, own === undefined);
  const chosen = useMemo(() => own ?? (sample.data && chosenFor(sample.data.items, experiment)), [own, sample.data, experiment]);
  const columnsAt = chosen ?? [];
  const view: RunsView = { experiment, filter, status, sort: parseSort(sortText), columns: own };
  const sent = allOf(filterOf(filter), statusFilter(status));
  const search: RunSearch | undefined = chosen && { experiment: experiment || undefined, filter: sent, order_by: [orderBy(view.sort)], columns: asked(chosen) };
  const list = useRunWindow(search, range[0], range[1]);
  const counted = useRunCount(experiment || undefined, sent);
  const onRange = useCallback((first: number, last: number) => setRange([first, last]), []);

  const select = (run: Run) => {
    const next = new Set(selected);
    if (!next.delete(run.id)) next.add(run.id);
    setSelected(next);
  };
  const compare = () => selected.size > 1 && selected.size <= MOST_COMPARED && router.history.push(paths.compare([...selected]));
  useKeys([
    { keys: "c", label: "Compare the selection", run: compare },
    { keys: "v", label: "Views", run: () => show("views") },
  ]);
  useView("Runs", `volano exp ls${experiment ? ` ${experiment}` : ""}${sent ? ` --filter "${sent.replaceAll('"', '\\"')}"` : ""}`);

  const setColumns = (next: readonly ColumnAt[]) => setColumnsText(writeColumns(next));
  const wide = (key: string, width: number) => setColumns(columnsAt.map((column) => (column.key === key ? { key, width: Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, width)) } : column)));
  const current = views.data?.items.find((one) => one.id === viewId);
  const number = experiments.data?.items.find((one) => one.name === experiment || one.id === experiment)?.id;
  const exact = counted.data !== undefined && !counted.isPlaceholderData && !list.stale;
  const total = exact ? counted.data.total : list.known;
  const error = list.error ?? sample.error;
  const ofFilter = error instanceof ApiError && error.problem.field === "filter" ? error : undefined;
  const retry = () => {
    if (sample.isError) void sample.refetch();
    if (counted.isError) void counted.refetch();
    list.retry();
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
          <select className="select" aria-label="State" value={status} onChange={(e) => setStatus(e.target.value)}>
            <option value="">Any state</option>
            {STATES.map((state) => (
              <option key={state}>{state}</option>
            ))}
          </select>
          <form
            className="grow"
            onSubmit={(e) => {
              e.preventDefault();
              setFilter(draft);
            }}
          >
            <input data-filter className="input code" aria-label="Filter runs" aria-invalid={ofFilter !== undefined} placeholder="name, or metrics.roc_auc > 0.7 and params.lr = '0.1'" value={draft} onChange={(e) => setDraft(e.target.value)} onBlur={() => setFilter(draft)} />
          </form>
          <To className="btn" href="/experiments">
            Experiments
          </To>
          <To className="btn" href={experiment ? `/traces?experiment=${encodeURIComponent(experiment)}` : "/traces"}>
            Traces
          </To>
          <button type="button" className="btn" onClick={() => show("views")}>
            {current ? `${current.name}${differs(view, current) ? ", changed" : ""}` : "Views"}
          </button>
          <button type="button" className="btn" disabled={!chosen} onClick={() => show("columns")}>
            Columns
          </button>
          <button type="button" className="btn primary" disabled={selected.size < 2 || selected.size > MOST_COMPARED} onClick={compare}>
            Compare{selected.size > 0 ? ` ${selected.size}` : ""}
          </button>
        </>
      }
    >
      {ofFilter && <FilterFault error={ofFilter} typed={filter} sent={sent} />}
      {error && !ofFilter && <Fault error={error} retry={retry} />}
      {list.ready &&
        (total === 0 && !list.stale ? (
          sent ? (
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
            <WindowGrid
              label="Runs"
              count={total}
              rowAt={list.rowAt}
              id={(run) => run.id}
              columns={columnsFor(columnsAt, nameOf, selected, select)}
              onRange={onRange}
              open={(run) => router.history.push(paths.run(run.id))}
              sort={view.sort}
              onSort={(key) => setSort(writeSort({ key, desc: view.sort.key !== key || !view.sort.desc }))}
              selected={selected}
              onSelect={select}
              onWidth={wide}
              onMove={(key, before) => setColumns(moved(columnsAt, key, before))}
              stale={list.stale}
              start={JSON.stringify([experiment, sent, sortText])}
            />
            <div className="under">
              <span>{list.stale ? "the runs of the search before" : exact ? `${plural(total, "run")}, sorted by the server` : `at least ${plural(total, "run")}, sorted by the server`}</span>
              {selected.size > 0 && <span>{selected.size > MOST_COMPARED ? `${selected.size} selected, ${MOST_COMPARED} can be compared` : `${selected.size} selected`}</span>}
              {exact && (
                <span className="right">
                  {count(counted.data.statuses.running ?? 0)} running · {count(counted.data.statuses.failed ?? 0)} failed
                </span>
              )}
            </div>
          </>
        ))}
      {shown === "columns" && <ColumnPicker experiment={experiment} columns={columnsAt} own={own !== undefined} set={setColumns} close={() => show("")} />}
      {shown === "views" && <Views view={view} experiment={number} current={current} experimentName={nameOf} go={(href) => router.history.push(href)} close={() => show("")} />}
    </Page>
  );
}
