/** All experiments: what goes on in each, and the ways to make, rename, delete and compare within them. */
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useMemo, useState, type ReactNode } from "react";
import { patch, post, remove } from "../api/client";
import { useExperimentActivity } from "../api/queries";
import type { Experiment } from "../api/types";
import { count, plural } from "../lib/format";
import { paths } from "../lib/paths";
import { toast, useView } from "../lib/store";
import { Ask, type Question } from "../ui/ask";
import { Page, To, useParam, When } from "../ui/bits";
import { Grid, type Column } from "../ui/grid";
import { Icon } from "../ui/icons";
import { Empty, Loaded } from "../ui/state";
import { Glyph } from "../ui/status";

type Key = "name" | "runs" | "running" | "failed" | "newest" | "created";

const value: Record<Exclude<Key, "name">, (experiment: Experiment) => number> = {
  runs: (e) => e.activity?.runs ?? 0,
  running: (e) => e.activity?.running ?? 0,
  failed: (e) => e.activity?.failed ?? 0,
  newest: (e) => e.activity?.newest_ms ?? 0,
  created: (e) => e.created_ms,
};

/** The experiments whose name or note has every word, in the order of a column; equal ones by name. */
export function arranged(experiments: readonly Experiment[], filter: string, key: Key, desc: boolean): Experiment[] {
  const asked = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = experiments.filter((e) => asked.every((word) => `${e.name}\n${e.note ?? ""}`.toLowerCase().includes(word)));
  const byName = (a: Experiment, b: Experiment) => a.name.localeCompare(b.name, undefined, { numeric: true });
  const order = key === "name" ? byName : (a: Experiment, b: Experiment) => value[key](a) - value[key](b);
  return found.sort((a, b) => (desc ? -1 : 1) * order(a, b) || byName(a, b));
}

const firstLine = (note: string | null | undefined): string => note?.split("\n").find((line) => line.trim())?.replace(/^#+ /, "") ?? "";
const runsOf = (name: string): string => `/runs?experiment=${encodeURIComponent(name)}`;

function useExperimentChanges() {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("experiment") ?? false });
  const told = (error: unknown) => toast(error instanceof Error ? error.message : String(error));
  const create = async (name: string, note: string) => {
    await post("/experiments", {}, { name, note: note || undefined });
    await refresh();
  };
  const rename = async (id: string, name: string) => {
    await patch("/experiments/{experiment}", { experiment: id }, { name });
    await refresh();
  };
  const restore = async (id: string) => {
    try {
      await post("/experiments/{experiment}/restore", { experiment: id });
      await refresh();
    } catch (error) {
      told(error);
    }
  };
  const discard = async ({ id, name }: Experiment) => {
    await remove("/experiments/{experiment}", { experiment: id });
    toast(`Deleted ${name} and its runs`, { label: "Undo", run: () => void restore(id) });
    await refresh();
  };
  return { create, rename, discard };
}

function columnsFor(actions: (experiment: Experiment) => ReactNode): Column<Experiment>[] {
  const number = (key: "runs" | "running" | "failed"): Column<Experiment> => ({
    key,
    head: key,
    width: 90,
    num: true,
    sortable: true,
    cell: (e) =>
      key !== "runs" && value[key](e) > 0 ? (
        <To tabIndex={-1} href={`${runsOf(e.name)}&status=${key}`}>
          {count(value[key](e))}
        </To>
      ) : (
        count(value[key](e))
      ),
  });
  return [
    {
      key: "name",
      head: "experiment",
      width: 260,
      sortable: true,
      cell: (e) => (
        <span className="row gap4">
          {value.running(e) > 0 && <Glyph state="running" />}
          <To tabIndex={-1} className="cut" href={runsOf(e.name)} title={e.name}>
            {e.name}
          </To>
        </span>
      ),
    },
    number("runs"),
    number("running"),
    number("failed"),
    { key: "newest", head: "newest run", width: 120, sortable: true, cell: (e) => (e.activity?.newest_ms ? <When ms={e.activity.newest_ms} /> : <span className="ink3">–</span>) },
    { key: "created", head: "made", width: 120, sortable: true, cell: (e) => <When ms={e.created_ms} /> },
    { key: "do", head: <span className="sr">what can be done</span>, width: 96, cell: actions },
    { key: "note", head: "notes", width: 280, cell: (e) => <span title={e.note ?? undefined}>{firstLine(e.note)}</span> },
  ];
}

export function Experiments() {
  const router = useRouter();
  const query = useExperimentActivity();
  const [filter, setFilter] = useParam("filter");
  const [sortText, setSort] = useParam("sort", "newest:desc");
  const [question, ask] = useState<Question | null>(null);
  const { create, rename, discard } = useExperimentChanges();
  const [key, way] = sortText.split(":") as [Key, string];
  const known = key === "name" || key in value ? key : "newest";
  const rows = useMemo(() => arranged(query.data?.items ?? [], filter, known, way !== "asc"), [query.data, filter, known, way]);
  useView("Experiments", "volano exp ls --experiments");
  const actions = (e: Experiment) => (
    <span className="row gap4">
      <To tabIndex={-1} className="btn quiet icon" href={paths.experiment(e.name)} title="Notes and tags" aria-label={`Notes and tags of ${e.name}`}>
        <Icon name="activity" size={14} />
      </To>
      <button
        type="button"
        tabIndex={-1}
        className="btn quiet icon"
        title="Rename"
        aria-label={`Rename ${e.name}`}
        onClick={() => ask({ title: `Rename ${e.name}`, fields: [{ name: "name", label: "Name", value: e.name, required: true }], does: "Rename", act: ({ name = "" }) => rename(e.id, name.trim()) })}
      >
        <Icon name="edit" size={14} />
      </button>
      <button
        type="button"
        tabIndex={-1}
        className="btn quiet icon"
        title="Delete; it can be restored"
        aria-label={`Delete ${e.name}`}
        onClick={() => ask({ title: `Delete ${e.name}`, text: `Its ${plural(value.runs(e), "run")} go with it into the trash, from where they can be restored.`, fields: [], does: "Delete", danger: true, act: () => discard(e) })}
      >
        <Icon name="trash" size={14} />
      </button>
    </span>
  );
  const make = () =>
    ask({
      title: "New experiment",
      fields: [
        { name: "name", label: "Name", required: true, placeholder: "churn" },
        { name: "note", label: "What is the question? (Markdown)", area: true },
      ],
      does: "Make it",
      act: ({ name = "", note = "" }) => create(name.trim(), note.trim()),
    });
  return (
    <Page
      title="Experiments"
      crumb={<To href="/runs">Runs</To>}
      flush
      tools={
        <>
          <input data-filter className="input" aria-label="Filter experiments" placeholder="Filter by name or note" value={filter} onChange={(e) => setFilter(e.target.value)} />
          <button type="button" className="btn primary" onClick={make}>
            New experiment
          </button>
        </>
      }
    >
      <Loaded query={query}>
        {(data) =>
          rows.length === 0 ? (
            <Empty center title={data.items.length === 0 ? "No experiment yet" : "No experiment is called so"} cli={data.items.length === 0 ? "volano exp create churn" : "volano exp ls --experiments"}>
              An experiment gathers the runs that answer one question.
            </Empty>
          ) : (
            <>
              <Grid
                label="Experiments"
                rows={rows}
                id={(e) => e.id}
                open={(e) => router.history.push(runsOf(e.name))}
                sort={{ key: known, desc: way !== "asc" }}
                onSort={(next) => setSort(`${next}:${known === next ? (way === "asc" ? "desc" : "asc") : next === "name" ? "asc" : "desc"}`)}
                columns={columnsFor(actions)}
              />
              <div className="under">
                <span>{plural(rows.length, "experiment")}</span>
                <span className="right">{plural(rows.reduce((sum, e) => sum + value.runs(e), 0), "run")}</span>
              </div>
            </>
          )
        }
      </Loaded>
      {question && <Ask question={question} close={() => ask(null)} />}
    </Page>
  );
}
