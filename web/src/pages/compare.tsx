/** Runs side by side: what differs, curves under one cursor, many dimensions at once; all of it is in the address. */
import { useRouterState } from "@tanstack/react-router";
import { useMemo } from "react";
import { useRunKeys } from "../api/run-lists";
import { isSearch, MOST_COMPARED, MOST_DRAWN, useSelectedRuns, type Selection } from "../api/selection";
import type { Run } from "../api/types";
import { parseAxes, parseAxis } from "../lib/axes";
import { slots } from "../lib/color";
import { count, plural, shortId } from "../lib/format";
import { byRank } from "../lib/metrics";
import { isSystemMetric } from "../lib/run-facts";
import { telling } from "../lib/runs-view";
import { copy, useView } from "../lib/store";
import { Page, Tabs, To, useParam } from "../ui/bits";
import { Empty, Loaded } from "../ui/state";
import { CompareCurves } from "./compare-curves";
import { Parallel } from "./compare-parallel";
import { Scatter } from "./compare-scatter";
import { Differences } from "./compare-table";

const TABS: [string, string][] = [
  ["", "Differences"],
  ["curves", "Curves"],
  ["parallel", "Parallel"],
  ["scatter", "Scatter"],
];

/** Axes that are drawn while nobody has chosen. */
const PARAMS = 4;
const METRICS = 3;

export interface Dimensions {
  metrics: string[];
  params: string[];
  /** `params.KEY` and `metrics.KEY` to begin with; the metric that says most stands last. */
  first: string[];
}

function firstOf(params: readonly string[], metrics: readonly string[]): string[] {
  const shown = metrics.filter((key) => !isSystemMetric(key) && !/^train/i.test(key));
  const some = (shown.length > 0 ? shown : metrics).slice(0, METRICS).reverse();
  return [...params.slice(0, PARAMS).map((key) => `params.${key}`), ...some.map((key) => `metrics.${key}`)];
}

/** Of runs that are there whole, those that they have; of a search, those of its experiment. */
function useDimensions(runs: readonly Run[] | undefined, search: boolean, experiment: string): Dimensions | undefined {
  const keys = useRunKeys(experiment || undefined, search);
  return useMemo(() => {
    if (search) {
      if (!keys.data) return undefined;
      const varying = (list: { key: string; varies: boolean }[]) => list.filter((one) => one.varies).map((one) => one.key);
      const metrics = byRank(keys.data.metrics.map((one) => one.key));
      const differ = new Set(varying(keys.data.metrics));
      return { metrics, params: keys.data.params.map((one) => one.key), first: firstOf(varying(keys.data.params), metrics.filter((key) => differ.has(key))) };
    }
    if (!runs) return undefined;
    const metrics = byRank(runs.flatMap((run) => Object.keys(run.metrics)));
    const params = [...new Set(runs.flatMap((run) => Object.keys(run.params)))].sort();
    const varied = telling(runs, PARAMS).filter((key) => new Set(runs.map((run) => run.params[key])).size > 1);
    return { metrics, params, first: firstOf(varied, metrics) };
  }, [runs, keys.data, search]);
}

/** The address of this page without its tab: the other choices stay. */
function useBase(): string {
  const text = useRouterState({ select: (s) => s.location.searchStr });
  const query = new URLSearchParams(text);
  query.delete("tab");
  const rest = query.toString().replaceAll("%2C", ",");
  return `/diff/runs${rest && `?${rest}`}`;
}

export function Compare() {
  const [text] = useParam("ids");
  const [experiment] = useParam("experiment");
  const [filter] = useParam("filter");
  const [status] = useParam("status");
  const [sort] = useParam("sort");
  const [tab] = useParam("tab");
  const [all, setAll] = useParam("all");
  const [axes] = useParam("axes");
  const [x] = useParam("x");
  const [y] = useParam("y");
  const [color] = useParam("color");
  const ids = useMemo(() => text.split(",").filter(Boolean), [text]);
  const selection: Selection = { ids, experiment, filter, status, sort };
  const drawn = tab === "parallel" || tab === "scatter";
  const base = useBase();

  const search = isSearch(selection);
  const known = useDimensions(undefined, search, experiment);
  const chosen = [...parseAxes(axes), ...[x, y, color].map(parseAxis)].flatMap((axis) => axis?.key ?? []);
  const columns = drawn && search ? [...new Set([...(known?.first ?? []), ...chosen])] : undefined;
  const { query, total } = useSelectedRuns(selection, drawn ? MOST_DRAWN : MOST_COMPARED, columns, !drawn || known !== undefined);
  const runs = query.data;
  const named = useDimensions(search ? undefined : runs, false, "");
  const dimensions = search ? known : named;
  const colors = useMemo(() => slots(runs?.map((run) => run.id) ?? []), [runs]);
  useView("Compare runs", search ? `volano exp ls${experiment ? ` ${experiment}` : ""}${filter ? ` --filter "${filter.replaceAll('"', '\\"')}"` : ""}` : `volano exp compare ${ids.map(shortId).join(" ")}`);

  const shown = runs?.length ?? 0;
  const title = !search ? (ids.length > 1 ? `${ids.length} runs compared` : "Compare runs") : total === undefined || shown >= total ? plural(shown, "run") : `First ${count(shown)} of ${plural(total, "run")}`;
  const draw = (list: Run[]) => {
    switch (tab) {
      case "curves":
        return <CompareCurves runs={list} colors={colors} />;
      case "parallel":
        return dimensions && <Parallel runs={list} dimensions={dimensions} />;
      case "scatter":
        return dimensions && <Scatter runs={list} dimensions={dimensions} />;
      default:
        return <Differences runs={list} colors={colors} all={all === "1"} />;
    }
  };
  return (
    <Page
      title={title}
      crumb={<To href="/runs">Runs</To>}
      tabs={<Tabs base={base} at={tab} items={TABS} label="Compare" />}
      tools={
        <>
          {tab === "" && (
            <button type="button" className="btn" aria-pressed={all === "1"} onClick={() => setAll(all === "1" ? "" : "1")}>
              Also what is equal
            </button>
          )}
          <button type="button" className="btn" onClick={() => void copy(location.href, "Copied the link")}>
            Copy link
          </button>
        </>
      }
    >
      {!search && ids.length < 2 && <Empty title="Pick two runs or more">On the runs page x selects and c compares; the first one is what the others are measured against.</Empty>}
      {(search || ids.length > 0) && <Loaded query={query}>{(list) => (list.length === 0 ? <Empty center title="No run matches this filter">Change it on the runs page.</Empty> : draw(list))}</Loaded>}
    </Page>
  );
}
