/** Runs side by side: only what differs, curves under one cursor. */
import { useQuery } from "@tanstack/react-query";
import { Fragment, useMemo } from "react";
import { get } from "../api/client";
import { useComparison } from "../api/queries";
import type { Run } from "../api/types";
import { slots } from "../lib/color";
import { figure, shortId, signed, span } from "../lib/format";
import { better, byRank } from "../lib/metrics";
import { paths } from "../lib/paths";
import { copy, useView } from "../lib/store";
import { Page, Panel, To, useParam, When } from "../ui/bits";
import { Chart } from "../ui/chart";
import { Empty, Loaded } from "../ui/state";
import { Glyph } from "../ui/status";
import { CurveControls, toLine, useCurveState, type Axis } from "./run-curves";

/** Curves of more metrics than this are left to the runs' own pages. */
const CHARTS = 12;

/** Rows whose values are not all the same; with `all` every row. */
export function differing(runs: readonly Run[], of: (run: Run) => Record<string, string | number>, all: boolean): [string, (string | number | undefined)[]][] {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(of(run))))].sort();
  return keys.map((key): [string, (string | number | undefined)[]] => [key, runs.map((run) => of(run)[key])]).filter(([, values]) => all || new Set(values).size > 1);
}

function Head({ runs, colors }: { runs: Run[]; colors: Map<string, number> }) {
  return (
    <tr>
      <th>run</th>
      {runs.map((run) => (
        <th key={run.id} scope="col">
          <span className="row gap4">
            <span className={`dot s${colors.get(run.id)}`} />
            <To href={paths.run(run.id)} title={run.id}>
              {run.name || shortId(run.id)}
            </To>
          </span>
        </th>
      ))}
    </tr>
  );
}

function MetricRow({ name, values }: { name: string; values: (string | number | undefined)[] }) {
  const known = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  const best = known.reduce<number | undefined>((a, b) => (a === undefined || better(name, b, a) ? b : a), undefined);
  const first = values[0];
  return (
    <tr>
      <th scope="row" className="ink2">
        {name}
      </th>
      {values.map((value, i) => (
        <td key={i}>
          <span className={`mono ${value === best && known.length > 1 ? "good strong" : ""}`}>{typeof value === "number" ? figure(value) : "–"}</span>
          {i > 0 && typeof value === "number" && typeof first === "number" && <span className="mono ink3 small"> {signed(value - first)}</span>}
          {value === best && known.length > 1 && <span className="sr"> best</span>}
        </td>
      ))}
    </tr>
  );
}

function Table({ runs, colors, all }: { runs: Run[]; colors: Map<string, number>; all: boolean }) {
  const found = new Map(differing(runs, (r) => r.metrics, all));
  const metrics = byRank(found.keys()).map((name): [string, (string | number | undefined)[]] => [name, found.get(name) ?? []]);
  const params = differing(runs, (r) => r.params, all);
  const data = differing(runs, (r) => Object.fromEntries(Object.entries(r.tags).filter(([k]) => /^volano\.(data\..*|env|code|step)$/.test(k) || k === "mlflow.source.git.commit")), all);
  const groups: [string, [string, (string | number | undefined)[]][]][] = [
    ["parameters", params],
    ["data and environment", data],
  ];
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Differences">
      <table className="t compare">
        <thead>
          <Head runs={runs} colors={colors} />
        </thead>
        <tbody>
          <tr>
            <th scope="row" className="ink2">
              state
            </th>
            {runs.map((run) => (
              <td key={run.id}>
                <span className="row gap4">
                  <Glyph state={run.status} /> {run.start_ms && run.end_ms ? span(run.end_ms - run.start_ms) : <When ms={run.start_ms} />}
                </span>
              </td>
            ))}
          </tr>
          {metrics.map(([name, values]) => (
            <MetricRow key={name} name={name} values={values} />
          ))}
          {groups.map(([title, rows]) => (
            <Fragment key={title}>
              {rows.length > 0 && (
                <tr className="group">
                  <th colSpan={runs.length + 1}>{title}</th>
                </tr>
              )}
              {rows.map(([name, values]) => (
                <tr key={name}>
                  <th scope="row" className="ink2 wrap">
                    {name.replace(/^volano\.(data\.)?/, "")}
                  </th>
                  {values.map((value, i) => (
                    <td key={i} className={`mono wrap ${i > 0 && value !== values[0] ? "strong" : ""}`}>
                      {value === undefined ? "–" : name.startsWith("volano.data.") ? <To href={`/data/${value}`}>{value}</To> : /^[0-9a-f]{40,64}$/.test(String(value)) ? <span title={String(value)}>{shortId(String(value))}</span> : String(value)}
                    </td>
                  ))}
                </tr>
              ))}
            </Fragment>
          ))}
          {metrics.length + params.length + data.length === 0 && (
            <tr>
              <td colSpan={runs.length + 1} className="ink2">
                These runs differ in nothing that was recorded.
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function Overlaid({ runs, colors }: { runs: Run[]; colors: Map<string, number> }) {
  const state = useCurveState();
  const keys = useMemo(() => byRank(runs.flatMap((r) => Object.keys(r.metrics))).slice(0, CHARTS), [runs]);
  const query = useQuery({
    queryKey: ["curves", runs.map((r) => r.id), keys],
    queryFn: async ({ signal }) =>
      Promise.all(keys.map(async (key) => ({ key, lines: await Promise.all(runs.map(async (run) => ({ run, points: key in run.metrics ? (await get("/runs/{id}/metrics", { id: run.id, key }, signal)).items : [] }))) }))),
    meta: { nouns: ["run"] },
  });
  const curves = (query.data ?? []).filter((c) => c.lines.some((l) => l.points.length > 1));
  if (curves.length === 0) return null;
  return (
    <div className="stack gap12">
      <CurveControls {...state} />
      <div className="cols charts">
        {curves.map(({ key, lines }) => (
          <Chart
            key={key}
            title={key}
            lines={lines.filter((l) => l.points.length > 0).map(({ run, points }) => ({ ...toLine(run, points, state.axis as Axis), slot: colors.get(run.id) }))}
            time={state.axis === "time"}
            log={state.log === "1"}
            smoothing={Number(state.smoothing || 0)}
            sync="compare"
          />
        ))}
      </div>
    </div>
  );
}

export function Compare() {
  const [text] = useParam("ids");
  const [all, setAll] = useParam("all");
  const ids = useMemo(() => text.split(",").filter(Boolean), [text]);
  const query = useComparison(ids);
  const colors = useMemo(() => slots(ids), [ids]);
  useView("Compare runs", `volano exp compare ${ids.map(shortId).join(" ")}`);
  return (
    <Page
      title={ids.length > 1 ? `${ids.length} runs compared` : "Compare runs"}
      crumb={<To href="/runs">Runs</To>}
      tools={
        <>
          <button type="button" className="btn" aria-pressed={all === "1"} onClick={() => setAll(all === "1" ? "" : "1")}>
            Also what is equal
          </button>
          <button type="button" className="btn" onClick={() => void copy(location.href, "Copied the link")}>
            Copy link
          </button>
        </>
      }
    >
      {ids.length < 2 && (
        <Empty title="Pick two runs or more">On the runs page x selects and c compares; the first one is what the others are measured against.</Empty>
      )}
      {ids.length > 0 && (
        <Loaded query={query}>
          {(runs) => (
            <>
              <Panel title={all === "1" ? "Everything" : "What differs"}>
                <Table runs={runs} colors={colors} all={all === "1"} />
              </Panel>
              <Overlaid runs={runs} colors={colors} />
            </>
          )}
        </Loaded>
      )}
    </Page>
  );
}
