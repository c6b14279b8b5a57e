/** All pipelines: is it green, when next; and the newest decisions of their triggers. */
import { useDecisions, usePipelines, useTriggers } from "../api/queries";
import type { Pipeline, Trigger } from "../api/types";
import { span } from "../lib/format";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Page, Panel, To, When } from "../ui/bits";
import { Empty, Loaded, useSettled } from "../ui/state";
import { Status } from "../ui/status";
import { DecisionList } from "./decisions";

function Row({ pipeline, triggers }: { pipeline: Pipeline; triggers: Trigger[] }) {
  const run = pipeline.last_run;
  const next = triggers.map((t) => t.next_due_ms).filter((t): t is number => t != null).sort((a, b) => a - b)[0];
  return (
    <tr>
      <td>
        <To href={paths.pipeline(pipeline.name)}>{pipeline.name}</To>
      </td>
      <td>{run ? <Status state={run.state} /> : <span className="ink3">never run</span>}</td>
      <td>{run ? <To href={paths.pipelineRun(run.id)}>run {run.number}</To> : "–"}</td>
      <td>
        <When ms={run?.created_ms} />
      </td>
      <td className="num">{run?.started_ms && run.finished_ms ? span(run.finished_ms - run.started_ms) : "–"}</td>
      <td>{next ? <When ms={next} /> : <span className="ink3">no schedule</span>}</td>
      <td className="cut ink2">{pipeline.objective?.problem ?? ""}</td>
    </tr>
  );
}

export function Pipelines() {
  const query = usePipelines();
  const triggers = useTriggers();
  const decisions = useDecisions({ limit: 30 });
  useView("Pipelines", "volano pipeline status");
  if (!useSettled(query, triggers, decisions)) return <Page title="Pipelines">{null}</Page>;
  return (
    <Page title="Pipelines">
      <Loaded query={query}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty center title="No pipeline yet" cli={["volano init churn --data data.csv", "volano server"]}>
              A pipeline is a volano.yaml; a server that is started in its folder shows it here.
            </Empty>
          ) : (
            <>
              <Panel title="Pipelines">
                <div className="scroll">
                  <table className="t">
                    <thead>
                      <tr>
                        <th>pipeline</th>
                        <th>state</th>
                        <th>newest run</th>
                        <th>started</th>
                        <th className="num">took</th>
                        <th>next</th>
                        <th>for</th>
                      </tr>
                    </thead>
                    <tbody>
                      {data.items.map((p) => (
                        <Row key={p.name} pipeline={p} triggers={triggers.data?.items.filter((t) => t.project === p.name) ?? []} />
                      ))}
                    </tbody>
                  </table>
                </div>
              </Panel>
              <DecisionList title="Decisions" limit={30} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
