/** Runs: as many as there are, filtered and sorted by the server, with the columns one wants; the address holds it all. */
import { useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { ApiError } from "../api/client";
import { useExperimentNames, useExperiments } from "../api/queries";
import { useSample, useViews } from "../api/run-lists";
import type { Run, RunSearch } from "../api/types";
import { count, plural } from "../lib/format";
import { useKeys } from "../lib/keys";
import { paths } from "../lib/paths";
import { quoted } from "../lib/run-facts";
import { AT_TOP, isGroup, metricsOf, PARENT, rowKey } from "../lib/run-groups";
import { allOf, asked, chosenFor, differs, faultAt, filterOf, headOf, MAX_WIDTH, MIN_WIDTH, moved, NEWEST_FIRST, orderBy, parseColumns, parseSort, parts, statusFilter, writeColumns, writeSort, type ColumnAt, type RunsView, type Sort } from "../lib/runs-view";
import { useView } from "../lib/store";
import { Page, To, useParam } from "../ui/bits";
import { Empty, Fault } from "../ui/state";
import { WindowGrid } from "../ui/window-grid";
import { columnsFor } from "./runs-columns";
import { CsvDialog } from "./runs-csv";
import { GroupPicker } from "./runs-groups";
import { useRunRows } from "./runs-rows";
import { ColumnPicker, Views } from "./runs-tools";

const STATES = ["running", "scheduled", "finished", "failed", "killed"];
/** As many as the server compares. */
const MOST_COMPARED = 50;

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

/** Why nothing is listed, and the way out. */
function NoRuns({ sent, all, group, nested, apart }: { sent: string | undefined; all: number | undefined; group: string; nested: boolean; apart: () => void }) {
  if (all && (group || nested))
    return (
      <Empty center title={nested ? "Each of these runs is nested in another run" : `No run has ${headOf(group)}`}>
        {nested ? `${plural(all, "run")} match; the runs that they are nested in do not, or are deleted.` : `${plural(all, "run")} match, and none has ${group}.`}{" "}
        <button type="button" className="btn" onClick={apart}>
          List them one by one
        </button>
      </Empty>
    );
  if (sent)
    return (
      <Empty center title="No run matches this filter" cli={'volano exp ls --filter "metrics.roc_auc > 0.7"'}>
        Compare with = != &lt; &gt; LIKE on metrics, params, tags and attributes, joined by “and”.
      </Empty>
    );
  return (
    <Empty center title="No runs yet" cli={[`export MLFLOW_TRACKING_URI=${location.origin}`, "volano run -- python train.py"]}>
      Any script that uses the mlflow package is tracked; this page fills while it runs.
    </Empty>
  );
}

/** What the list shows of what there is. */
function shownText({ top, exact, more, all }: { top: number; exact: boolean; more: boolean; all: { total: number } | undefined }, group: string, nested: boolean, sort: Sort): string {
  const of = all ? ` of ${plural(all.total, "run")}` : "";
  if (group) {
    const order = parts(sort.key).kind === "metrics" ? `by the mean of ${headOf(sort.key)}` : sort.key === group ? "by value" : "those of most runs first";
    return more ? `the ${plural(top, "group")} of most runs${of}, ${order}; there are more groups, a filter shows them` : `${plural(top, "group")}${of}, ${order}`;
  }
  if (nested) return exact ? `${count(top)} top-level${of}, sorted by the server` : `at least ${count(top)} top-level runs, sorted by the server`;
  return exact ? `${plural(top, "run")}, sorted by the server` : `at least ${plural(top, "run")}, sorted by the server`;
}

export function Runs() {
  const router = useRouter();
  const [filter, setFilter] = useParam("filter");
  const [experiment, setExperiment] = useParam("experiment");
  const [status, setStatus] = useParam("status");
  const [sortText, setSort] = useParam("sort", writeSort(NEWEST_FIRST));
  const [columnsText, setColumnsText] = useParam("cols");
  const [group] = useParam("group");
  const [nest] = useParam("nest");
  const [viewId] = useParam("view");
  const [draft, setDraft] = useState(filter);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [range, setRange] = useState<[number, number]>([0, 0]);
  const [shown, show] = useState<"" | "columns" | "views" | "group" | "csv">("");
  useEffect(() => setDraft(filter), [filter]);
  const experiments = useExperiments();
  const nameOf = useExperimentNames();
  const views = useViews();

  const own = useMemo(() => parseColumns(columnsText), [columnsText]);
  const sample = useSample(experiment || undefined, own === undefined);
  const chosen = useMemo(() => own ?? (sample.data && chosenFor(sample.data.items, experiment)), [own, sample.data, experiment]);
  const columnsAt = chosen ?? [];
  // Groups and nesting exclude each other.
  const nested = nest === "1" && !group;
  const sort = parseSort(sortText);
  const view: RunsView = { experiment, filter, status, sort, columns: own, group, nested };
  const sent = allOf(filterOf(filter), statusFilter(status));
  const listed = allOf(filterOf(filter), statusFilter(status), nested ? AT_TOP : undefined);
  const search: RunSearch | undefined = chosen && { experiment: experiment || undefined, filter: sent, order_by: [orderBy(sort)], columns: asked(chosen) };
  const rows = useRunRows({ search, experiment: experiment || undefined, filter: sent, listed, group, nested, metrics: metricsOf([...columnsAt, { key: sort.key }]), sort }, range);
  const onRange = useCallback((first: number, last: number) => setRange([first, last]), []);

  const select = useCallback(
    (run: Run) =>
      setSelected((before) => {
        const next = new Set(before);
        if (!next.delete(run.id)) next.add(run.id);
        return next;
      }),
    [],
  );
  // The same as long as they can be: rows that stay in view are not drawn again while one scrolls.
  const columns = useMemo(() => columnsFor({ columns: chosen ?? [], experimentName: nameOf, selected, select, group, nested }), [chosen, nameOf, selected, select, group, nested]);
  const compare = () => selected.size > 1 && selected.size <= MOST_COMPARED && router.history.push(paths.compare([...selected]));
  useKeys([
    { keys: "c", label: "Compare the selection", run: compare },
    { keys: "v", label: "Views", run: () => show("views") },
  ]);
  useView("Runs", `volano exp ls${experiment ? ` ${quoted(experiment)}` : ""}${sent ? ` --filter ${quoted(sent)}` : ""}`);

  const setColumns = (next: readonly ColumnAt[]) => setColumnsText(writeColumns(next));
  const wide = (key: string, width: number) => setColumns(columnsAt.map((column) => (column.key === key ? { key, width: Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, width)) } : column)));
  const current = views.data?.items.find((one) => one.id === viewId);
  const number = experiments.data?.items.find((one) => one.name === experiment || one.id === experiment)?.id;
  const error = rows.error ?? sample.error;
  const ofFilter = error instanceof ApiError && error.problem.field === "filter" ? error : undefined;
  const retry = () => {
    if (sample.isError) void sample.refetch();
    rows.retry();
  };
  const gather = (next: { group?: string; nested?: boolean }) => {
    const { pathname, search: asIs } = router.history.location;
    const query = new URLSearchParams(asIs);
    query.delete("group");
    query.delete("nest");
    if (next.group) query.set("group", next.group);
    if (next.nested) query.set("nest", "1");
    router.history.replace(`${pathname}${query.size ? `?${query.toString()}` : ""}`);
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
          <button type="button" className="btn" aria-haspopup="dialog" title={group ? `grouped by ${group}` : "Group runs by a value they share"} onClick={() => show("group")}>
            <span className="cut brief">{group ? `By ${headOf(group)}` : "Group"}</span>
          </button>
          <button type="button" className="btn" aria-pressed={nested} title="Runs below the run that started them" onClick={() => gather({ nested: !nested })}>
            Nested
          </button>
          <button type="button" className="btn" disabled={!chosen} onClick={() => show("csv")}>
            CSV
          </button>
          <button type="button" className="btn primary" disabled={selected.size < 2 || selected.size > MOST_COMPARED} onClick={compare}>
            Compare{selected.size > 0 ? ` ${selected.size}` : ""}
          </button>
        </>
      }
    >
      {ofFilter && <FilterFault error={ofFilter} typed={filter} sent={listed} />}
      {error && !ofFilter && <Fault error={error} retry={retry} />}
      {rows.ready &&
        (rows.top === 0 && !rows.stale ? (
          <NoRuns sent={sent} all={rows.all?.total} group={group} nested={nested} apart={() => gather({})} />
        ) : (
          <>
            <WindowGrid
              key={rows.tree ? "tree" : "list"}
              label="Runs"
              count={rows.size}
              rowAt={rows.rowAt}
              id={rowKey}
              columns={columns}
              onRange={onRange}
              open={(row) => !isGroup(row) && router.history.push(paths.run(row.id))}
              sort={sort}
              onSort={(key) => setSort(writeSort({ key, desc: sort.key !== key || !sort.desc }))}
              selected={selected}
              onSelect={(row) => !isGroup(row) && select(row)}
              onWidth={wide}
              onMove={(key, before) => setColumns(moved(columnsAt, key, before))}
              stale={rows.stale}
              start={JSON.stringify([experiment, sent, sortText, group, nested])}
              tree={rows.tree}
            />
            <div className="under">
              <span>{rows.stale ? "the runs of the search before" : shownText(rows, group, nested, sort)}</span>
              {selected.size > 0 && <span>{selected.size > MOST_COMPARED ? `${selected.size} selected, ${MOST_COMPARED} can be compared` : `${selected.size} selected`}</span>}
              {rows.exact && rows.all && (
                <span className="right">
                  {count(rows.all.statuses.running ?? 0)} running · {count(rows.all.statuses.failed ?? 0)} failed
                </span>
              )}
            </div>
          </>
        ))}
      {shown === "columns" && <ColumnPicker experiment={experiment} columns={columnsAt} own={own !== undefined} set={setColumns} close={() => show("")} />}
      {shown === "group" && <GroupPicker experiment={experiment} group={group} set={(next) => gather({ group: next })} close={() => show("")} />}
      {shown === "csv" && <CsvDialog experiment={experiment} filter={sent} order={orderBy(sort)} columns={nested && !columnsAt.some(({ key }) => key === PARENT) ? [...columnsAt, { key: PARENT }] : columnsAt} experimentName={nameOf} total={rows.all?.total} close={() => show("")} />}
      {shown === "views" && <Views view={view} experiment={number} current={current} experimentName={nameOf} go={(href) => router.history.push(href)} close={() => show("")} />}
    </Page>
  );
}
