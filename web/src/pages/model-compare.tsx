/** Versions of one model side by side: figures, settings, what goes in and out, data, environment. */
import { useQueries } from "@tanstack/react-query";
import { contentsOptions, useComparison } from "../api/queries";
import type { Model, ModelVersion, Run, VersionContents } from "../api/types";
import { exact, figure } from "../lib/format";
import { better } from "../lib/metrics";
import { isSystemMetric } from "../lib/run-facts";
import { versionRows, type Compared, type Row } from "../lib/version-rows";
import { Panel, useParam } from "../ui/bits";
import { Empty, useSettled } from "../ui/state";
import { isMachine } from "../ui/tags";
import { AliasTag } from "./models";

/** Versions that stand side by side. */
const MOST = 6;

function known(version: ModelVersion, run: Run | undefined, contents: VersionContents | undefined): Compared {
  const measured = Object.entries(run?.metrics ?? {}).filter(([key]) => !isSystemMetric(key));
  return {
    version: version.version,
    facts: [
      ["registered", exact(version.created_ms).slice(0, 16)],
      ["by", version.user],
      ...(version.stage === "None" ? [] : [["stage", version.stage] as [string, string]]),
      ...(run ? [["run", run.name] as [string, string]] : []),
      ...(version.description ? [["description", version.description] as [string, string]] : []),
      ...(version.code ? [["code", version.code.slice(0, 16)] as [string, string]] : []),
    ],
    // What its evaluation measured counts more than what its training said.
    metrics: { ...Object.fromEntries(measured.map(([key, value]) => [key, value ?? Number.NaN])), ...version.metrics },
    params: run?.params ?? {},
    tags: Object.fromEntries(Object.entries(version.tags).filter(([key]) => !isMachine(key))),
    inputs: contents?.inputs ?? [],
    outputs: contents?.outputs ?? [],
    data: version.data_versions,
    python: contents?.python ?? null,
    flavors: contents?.flavors ?? [],
    requirements: contents?.requirements ?? [],
  };
}

/** The best of a row of figures, where there is one. */
function bestOf(row: Row): number | undefined {
  if (row.group !== "metrics" || !row.differs) return undefined;
  const figures = row.values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  return figures.length < 2 ? undefined : figures.reduce((a, b) => (better(row.name, b, a) ? b : a));
}

function Value({ value, best }: { value: string | number | undefined; best: boolean }) {
  if (value === undefined) return <span className="ink3">–</span>;
  if (typeof value === "number") return <span className={best ? "good strong" : undefined}>{figure(value, 6)}{best && <span className="sr"> (best)</span>}</span>;
  return <span className="wrap">{value}</span>;
}

export function VersionComparison({ model }: { model: Model }) {
  const [picked, pick] = useParam("versions");
  const [all, setAll] = useParam("all");
  const fallback = model.versions.slice(0, 2).map((v) => v.version);
  const numbers = picked ? picked.split(",").map(Number) : fallback;
  const chosen = numbers.flatMap((n) => model.versions.find((v) => v.version === n) ?? []).slice(0, MOST);
  const contents = useQueries({ queries: chosen.map((v) => contentsOptions(model.name, v.version)) });
  const runs = useComparison([...new Set(chosen.map((v) => v.run).filter((id): id is string => !!id))]);
  const ready = useSettled(runs, ...contents);
  const toggle = (version: number) => {
    const now = chosen.map((v) => v.version);
    const next = now.includes(version) ? now.filter((n) => n !== version) : [...now, version].slice(-MOST);
    if (next.length > 0) pick(next.join(","));
  };
  const rows = versionRows(chosen.map((v, i) => known(v, runs.data?.find((run) => run.id === v.run), contents[i]?.data)));
  const shown = all === "1" ? rows : rows.filter((row) => row.differs);
  const groups = [...new Set(shown.map((row) => row.group))];
  return (
    <div className="stack gap12">
      <div className="row gap12 wrapping">
        <div className="row wrapping" role="group" aria-label="Versions to compare">
          {model.versions.slice(0, 40).map((v) => (
            <button key={v.version} type="button" className="btn mono" aria-pressed={chosen.includes(v)} onClick={() => toggle(v.version)}>
              {v.version}
              {v.aliases.map((alias) => <AliasTag key={alias} alias={alias} />)}
            </button>
          ))}
        </div>
        <label className="row right">
          <input type="checkbox" className="check" checked={all !== "1"} onChange={(e) => setAll(e.target.checked ? "" : "1")} />
          only differences
        </label>
      </div>
      {ready && (
        <Panel title={`${chosen.length} versions`} tools={`${rows.filter((row) => row.differs).length} of ${rows.length} differ`}>
          {chosen.length < 2 && <p className="pad ink2">Choose a second version above.</p>}
          {shown.length === 0 ? (
            <Empty title="No difference">All that is known of these versions is the same.</Empty>
          ) : (
            <div className="scroll" tabIndex={0} role="region" aria-label="Versions side by side">
              <table className="t compare sides">
                <thead>
                  <tr>
                    <th>
                      <span className="sr">what</span>
                    </th>
                    {chosen.map((v) => (
                      <th key={v.version} scope="col">
                        <span className="row gap4">
                          <span className="mono">{`${model.name}:${v.version}`}</span>
                          {v.aliases.map((alias) => <AliasTag key={alias} alias={alias} />)}
                        </span>
                      </th>
                    ))}
                  </tr>
                </thead>
                {groups.map((group) => (
                  <tbody key={group}>
                    <tr className="group">
                      <th colSpan={chosen.length + 1}>{group}</th>
                    </tr>
                    {shown.filter((row) => row.group === group).map((row) => {
                      const best = bestOf(row);
                      return (
                        <tr key={row.name}>
                          <th scope="row" className="wrap">
                            {row.name}
                          </th>
                          {row.values.map((value, i) => (
                            <td key={chosen[i]?.version} className="mono">
                              <Value value={value} best={best !== undefined && value === best} />
                            </td>
                          ))}
                        </tr>
                      );
                    })}
                  </tbody>
                ))}
              </table>
            </div>
          )}
        </Panel>
      )}
    </div>
  );
}
