/** One data set at one version: what changed, is it valid, distributions, rows, who uses it. */
import { useParams } from "@tanstack/react-router";
import { useDataDiff, useDataRefs, useDataset, useDatasetVersions, useUses } from "../api/queries";
import type { DataVersion, Dataset } from "../api/types";
import { bytes, count, plural, shortId, signed } from "../lib/format";
import { paths } from "../lib/paths";
import { quoted } from "../lib/sql";
import { useView } from "../lib/store";
import { Cards, Facts, Page, Panel, Tabs, To, useParam, When } from "../ui/bits";
import { Empty, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";
import { BranchesPanel } from "./dataset-branches";
import { ContractPanel } from "./dataset-contract";
import { ChangePanel, FilesPanel, ProfilePanel, RowsPanel, UsesPanel, ViolationsPanel } from "./dataset-parts";
import { SqlPanel } from "./dataset-sql";

/** `flights@v3` → name and what comes after the `@`. */
export function splitRef(ref: string): [name: string, at: string] {
  const place = ref.lastIndexOf("@");
  return place < 0 ? [ref, ""] : [ref.slice(0, place), ref.slice(place + 1)];
}

export function findVersion(versions: readonly DataVersion[], at: string): DataVersion | undefined {
  if (!at || at === "latest" || at === "main") return versions.find((v) => v.number) ?? versions[0];
  // Branches are newest first: where one is comes before what it was.
  return versions.find((v) => `v${v.number}` === at) ?? versions.find((v) => v.branch === at) ?? (at.length >= 6 ? versions.find((v) => v.commit.startsWith(at)) : undefined);
}

export const refOf = (version: DataVersion) => (version.number ? `v${version.number}` : version.commit.slice(0, 12));

function Versions({ name, versions, current }: { name: string; versions: DataVersion[]; current?: DataVersion }) {
  return (
    <Panel title="Versions" tools={plural(versions.length, "version")}>
      <div className="scroll">
        <table className="t">
          <tbody>
            {versions.map((v, i) => {
              const before = versions.slice(i + 1).find((w) => w.number);
              const grew = v.rows != null && before?.rows != null ? v.rows - before.rows : null;
              return (
                <tr key={v.commit} className={v.commit === current?.commit ? "on" : ""}>
                  <td>
                    <To className="mono" href={paths.data(name, refOf(v))} aria-current={v.commit === current?.commit ? "true" : undefined}>
                      {v.number ? `v${v.number}` : v.commit.slice(0, 8)}
                    </To>
                  </td>
                  <td>{v.number ? <span className="num ink2">{grew === null ? count(v.rows) : `${signed(grew)} rows`}</span> : v.state === "draft" ? <span className="tag" title="On a branch, not published">{v.branch}</span> : <Status state="rejected" />}</td>
                  <td className="ink3">
                    <When ms={v.time_ms} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Head({ version, versions }: { version: DataVersion; versions: DataVersion[] }) {
  const before = versions.find((v) => v.number && v.commit !== version.commit && v.time_ms <= version.time_ms);
  return (
    <Panel>
      <Cards
        items={[
          { label: "rows", value: count(version.rows), note: before?.rows != null && version.rows != null ? `${signed(version.rows - before.rows)} since v${before.number}` : "first version" },
          { label: "size", value: bytes(version.size), note: plural(version.files, "file") },
          { label: "contract", value: version.state !== "rejected" ? <Status state="ok">kept</Status> : <Status state="rejected" />, note: version.violations.length ? plural(version.violations.length, "finding") : "no finding" },
          { label: version.number ? "published" : version.state === "draft" ? `on ${version.branch}` : "refused", value: <When ms={version.time_ms} />, note: `by ${version.author}` },
        ]}
      />
    </Panel>
  );
}

const TABS: [string, string][] = [
  ["", "Overview"],
  ["profile", "Distributions"],
  ["rows", "Rows"],
  ["sql", "SQL"],
  ["contract", "Contract"],
  ["files", "Files"],
];

function Body({ dataset, version, versions, tab }: { dataset: Dataset; version: DataVersion; versions: DataVersion[]; tab: string }) {
  const name = dataset.name;
  const at = refOf(version);
  if (tab === "profile") return <ProfilePanel name={name} version={at} />;
  if (tab === "rows") return <RowsPanel name={name} version={at} />;
  if (tab === "sql") return <SqlPanel reference={`${name}@${at}`} />;
  if (tab === "contract") return <ContractPanel name={name} version={version} />;
  if (tab === "files") return <FilesPanel name={name} version={at} />;
  return <Main key={at} dataset={dataset} version={version} versions={versions} />;
}

function Main({ dataset, version, versions }: { dataset: Dataset; version: DataVersion; versions: DataVersion[] }) {
  const name = dataset.name;
  const at = refOf(version);
  const before = versions.find((v) => v.number && v.commit !== version.commit && v.time_ms <= version.time_ms);
  const refused = version.number === dataset.latest?.number ? dataset.rejected : undefined;
  const diff = useDataDiff(name, before ? refOf(before) : "", at, before !== undefined);
  const uses = useUses(name, at);
  const refs = useDataRefs(name);
  // Panels that came one after the other would push each other away.
  if (!useSettled(diff, uses, refs)) return null;
  return (
    <div className="cols main-side">
      <div className="stack gap12">
        {refused && (
          <p className="note">
            <Status state="rejected">A newer batch was refused</Status> <When ms={refused.time_ms} />, {plural(refused.violations.length, "finding")}; this version stays in use. <To href={paths.data(name, refOf(refused))}>See why</To>
          </p>
        )}
        <Head version={version} versions={versions} />
        {version.violations.length > 0 && <ViolationsPanel violations={version.violations} rejected={version.state === "rejected"} />}
        {before ? <ChangePanel name={name} from={refOf(before)} to={at} /> : <Panel title="What changed"><p className="pad ink2">This is the first version.</p></Panel>}
        <UsesPanel name={name} version={at} />
      </div>
      <div className="stack gap12">
        <Versions name={name} versions={versions} current={version} />
        <BranchesPanel name={name} at={at} />
        <Panel title="About">
          <div className="pad">
            <Facts
              items={[
                ["message", version.message],
                ["from", <span key="o" className="mono">{version.origin}</span>],
                ["commit", <span key="c" className="mono" title={version.commit}>{shortId(version.commit)}</span>],
                ["kind", dataset.kind],
                ["key", dataset.key.length ? <span key="k" className="mono">{dataset.key.join(", ")}</span> : ""],
                ["time column", dataset.time_column ? <span key="t" className="mono">{dataset.time_column}</span> : ""],
              ]}
            />
          </div>
        </Panel>
      </div>
    </div>
  );
}

export function DatasetPage() {
  const { ref } = useParams({ strict: false }) as { ref: string };
  const [name, at] = splitRef(ref);
  const [tab] = useParam("tab");
  const [sql] = useParam("q");
  const dataset = useDataset(name);
  const versions = useDatasetVersions(name);
  useView(ref, tab === "profile" ? `volano data profile ${ref}` : tab === "sql" ? `volano data sql ${quoted(sql || `SELECT * FROM ${ref} LIMIT 100`)}` : tab === "contract" ? `volano contract show ${name}` : `volano data show ${ref}${tab === "rows" ? " --rows 20" : ""}`);
  const gone = <Empty center title={`There is no data set ${name}`} cli="volano data ls" />;
  return (
    <>
      <Page title={<span className="mono">{ref}</span>} crumb={<To href="/data">Data</To>} tabs={<Tabs base={paths.data(name, at || undefined)} at={tab} items={TABS} label="Data set" />}>
        <Loaded query={dataset} missing={gone}>
          {(set) => (
            <Loaded query={versions}>
              {(list) => {
                const version = findVersion(list.items, at);
                if (!version) return <Empty center title={at ? `${name} has no version ${at}` : `${name} has no version yet`} cli={`volano data add FILE --name ${name}`} />;
                return <Body dataset={set} version={version} versions={list.items} tab={tab} />;
              }}
            </Loaded>
          )}
        </Loaded>
      </Page>
    </>
  );
}
