/** The whole loop at a glance: where it stands, what needs somebody, what serves, what was done. */
import { useLately, useOverview } from "../api/queries";
import type { Attention, ServingRow, Stage } from "../api/types";
import { figure, percent, span } from "../lib/format";
import { paths } from "../lib/paths";
import { actorName, pageOf, phrase, runNames } from "../lib/phrases";
import { useView } from "../lib/store";
import { Page, Panel, To, When } from "../ui/bits";
import { Empty, Loaded } from "../ui/state";
import { Glyph, Status, toneOf } from "../ui/status";

const order = ["collect", "analyse", "prepare", "train", "validate", "serve", "monitor", "retrain"];
/** Drawn as a ring: the first four run to the right, the last four back to the left. */
const places = [1, 2, 3, 4, 8, 7, 6, 5];

/** What fills a stage that has nothing yet. */
const HINTS: Record<string, string> = {
  collect: "files that arrive become data versions",
  analyse: "notebooks run with the pipeline",
  prepare: "steps that make tables",
  train: "steps that make models",
  validate: "champion and challenger on the same rows",
  serve: "what the gate accepts is deployed",
  monitor: "requests are compared with training",
  retrain: "new data, drift or a schedule starts a run",
};

function Arrow({ back }: { back?: boolean }) {
  return (
    <svg className={`arrow ${back ? "back" : "fwd"}`} viewBox="0 0 28 10" fill="none" stroke="currentColor" aria-hidden="true">
      {back ? <path d="M25 5H4M8 1.5 4 5l4 3.5" /> : <path d="M3 5h21M20 1.5 24 5l-4 3.5" />}
    </svg>
  );
}

function Bend({ side }: { side: "l" | "r" }) {
  return (
    <svg className={`bend ${side}`} viewBox="0 0 20 108" fill="none" stroke="currentColor" aria-hidden="true">
      {side === "r" ? <path d="M2 1h5a9 9 0 0 1 9 9v87a9 9 0 0 1-9 9H3M7 102.5 3 106l4 3.5" /> : <path d="M18 107h-5a9 9 0 0 1-9-9V11a9 9 0 0 1 9-9h4M13-1.5 17 2l-4 3.5" />}
    </svg>
  );
}

function Loop({ stages }: { stages: Stage[] }) {
  const known = new Map(stages.map((stage) => [stage.stage, stage]));
  return (
    <ol className="loop" aria-label="The loop">
      {order.map((name, index) => {
        const stage = known.get(name) ?? { stage: name, state: "waiting", headline: "nothing yet", detail: "", link: "/" };
        return (
          <li key={name} className={`p${places[index]} ${stage.state}`}>
            <To href={stage.link}>
              <span className="name">
                {name}
                <Glyph state={stage.state} />
              </span>
              <span className="headline cut" title={stage.headline}>
                {stage.headline}
              </span>
              <span className="detail cut" title={stage.detail || HINTS[name]}>
                {stage.detail || HINTS[name]}
              </span>
            </To>
            {index < 3 && <Arrow />}
            {index > 3 && index < 7 && <Arrow back />}
            {index === 3 && <Bend side="r" />}
            {index === 7 && <Bend side="l" />}
          </li>
        );
      })}
    </ol>
  );
}

function Needs({ items }: { items: Attention[] }) {
  if (items.length === 0) {
    return (
      <div className="pad">
        <Status state="ok">Nothing needs you.</Status>
      </div>
    );
  }
  return (
    <ul className="lines">
      {items.map((item) => (
        <li key={`${item.time_ms} ${item.text}`} className="row top">
          <Glyph state={item.severity} tone={toneOf(item.severity) === "idle" ? "warn" : toneOf(item.severity)} />
          <To href={item.link} className="grow wrap cover">
            {item.text}
          </To>
          <span className="ink3 small">
            <When ms={item.time_ms} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Serving({ items }: { items: ServingRow[] }) {
  if (items.length === 0) {
    return (
      <Empty title="Nothing is served yet" cli="volano deploy MODEL@champion --to NAME">
        A gate that accepts a model deploys it by itself; or deploy one by hand.
      </Empty>
    );
  }
  return (
    <div className="scroll">
      <table className="t">
        <thead>
          <tr>
            <th>deployment</th>
            <th>serves</th>
            <th>state</th>
            <th className="num">req/min</th>
            <th className="num">errors</th>
            <th className="num">p99</th>
            <th>
              <span className="sr">monitoring</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((row) => (
            <tr key={`${row.deployment} ${row.version}`}>
              <td>
                <To href={paths.deploy(row.deployment)}>{row.deployment}</To>
              </td>
              <td>
                <To href={paths.model(row.model, row.version)} className="mono">
                  {row.model}:{row.version}
                </To>
              </td>
              <td>
                <Status state={row.state} />
              </td>
              <td className="num">{figure(row.requests_per_min, 3)}</td>
              <td className={`num ${row.error_rate > 0.01 ? "bad" : ""}`}>{percent(row.error_rate)}</td>
              <td className="num">{span(row.p99_ms)}</td>
              <td className="end">
                <To href={paths.monitor(row.deployment)}>watch</To>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Lines shown; the activity page has them all. */
const LATELY = 14;

function Lately() {
  const query = useLately();
  const events = query.data?.items ?? [];
  const runs = runNames(events);
  const items = events.flatMap((event) => {
    const said = phrase(event, runs);
    return said === undefined ? [] : [{ event, said, href: pageOf(event) }];
  });
  if (items.length === 0) return <Empty title="Nothing has happened yet">Every change shows up here as it is made, by whom and when.</Empty>;
  return (
    <div className="scroll">
      <table className="t">
        <tbody>
          {items.slice(0, LATELY).map(({ event, said, href }) => (
            <tr key={event.seq}>
              <td className="ink3 keep">
                <When ms={event.time_ms} />
              </td>
              <td className="wrap wide">{href ? <To href={href} className="cover">{said}</To> : said}</td>
              <td className="ink3 keep" title={event.actor}>{actorName(event.actor)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Overview() {
  const query = useOverview();
  useView("Overview", "volano pipeline status");
  return (
    <Page title="Overview">
      <Loaded query={query}>
        {(data) => (
          <>
            <Panel>
              <Loop stages={data.stages} />
            </Panel>
            <div className="cols two">
              <div className="stack gap12">
                <Panel title="Needs you">
                  <Needs items={data.attention} />
                </Panel>
                <Panel title="Serving now" tools={<To href="/deploy">All deployments</To>}>
                  <Serving items={data.serving} />
                </Panel>
              </div>
              <Panel title="Lately" tools={<To href="/activity">Audit log</To>}>
                <Lately />
              </Panel>
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}
