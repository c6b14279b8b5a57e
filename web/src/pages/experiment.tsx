/** One experiment: what people wrote about it, its tags, and the way to its runs. */
import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { put } from "../api/client";
import { useExperiment, useRunSearch } from "../api/queries";
import { shortId } from "../lib/format";
import { paths } from "../lib/paths";
import { quoted } from "../lib/run-facts";
import { copy, useView } from "../lib/store";
import { Facts, Page, Panel, To, When } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Notes } from "../ui/notes";
import { Empty, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";
import { Tags } from "../ui/tags";

/** Runs that are listed; the runs page has all. */
const LATEST = 12;

export function ExperimentPage() {
  const { ref } = useParams({ strict: false }) as { ref: string };
  const client = useQueryClient();
  const query = useExperiment(ref);
  const name = query.data?.name ?? ref;
  const runs = useRunSearch({ experiment: ref, max_results: LATEST, order_by: ["start_time DESC"] });
  const settled = useSettled(query, runs);
  useView(name, `volano exp note ${quoted(name)}`);
  const tag = async (key: string, value: string | null) => {
    await put("/experiments/{experiment}/tags", { experiment: ref }, { key, value });
    await client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("experiment") ?? false });
  };
  const href = `/runs?experiment=${encodeURIComponent(name)}`;
  return (
    <Page title={name} crumb={<To href="/experiments">Experiments</To>} tools={
        <>
          <To className="btn" href={`/traces?experiment=${encodeURIComponent(name)}`}>Its traces</To>
          <To className="btn" href={href}>All its runs</To>
        </>
      }>
      {settled && (
        <Loaded query={query} missing={<Empty center title={`There is no experiment ${ref}`} cli="volano exp ls" />}>
          {(experiment) => (
            <div className="cols main-side">
              <div className="stack gap12">
                <Notes text={experiment.tags["mlflow.note.content"] ?? ""} save={(text) => tag("mlflow.note.content", text || null)} hint="What is the question here, which metric decides, what was found? Notes are Markdown, and mlflow reads them as mlflow.note.content." />
                <Panel title="Newest runs" tools={<To href={href}>all</To>}>
                  {runs.data?.items.length ? (
                    <ul className="lines">
                      {runs.data.items.map((run) => (
                        <li key={run.id} className="row">
                          <To href={paths.run(run.id)}>{run.name || shortId(run.id)}</To>
                          <span className="right row">
                            <span className="ink3 small"><When ms={run.start_ms} /></span>
                            <Status state={run.status} />
                          </span>
                        </li>
                      ))}
                    </ul>
                  ) : (
                    <p className="pad ink2">No run yet.</p>
                  )}
                </Panel>
              </div>
              <div className="stack gap12">
                <Panel title="Experiment">
                  <div className="pad stack gap8">
                    <Facts
                      items={[
                        ["number", experiment.id],
                        ["state", experiment.deleted && "deleted"],
                        ["made", <When key="m" ms={experiment.created_ms} />],
                        ["changed", <When key="c" ms={experiment.updated_ms} />],
                        ["files at", <span key="u" className="mono wrap">{experiment.artifact_uri}</span>],
                      ]}
                    />
                    <div>
                      <button type="button" className="btn" onClick={() => void copy(experiment.artifact_uri)}>
                        <Icon name="copy" size={14} /> Copy URI
                      </button>
                    </div>
                  </div>
                </Panel>
                <Tags tags={experiment.tags} put={tag} />
              </div>
            </div>
          )}
        </Loaded>
      )}
    </Page>
  );
}
