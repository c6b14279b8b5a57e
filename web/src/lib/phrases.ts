/** What audit events mean to people: a sentence for each that matters; the rest is bookkeeping and stays in the log. */
import { brief, count, shortId, words } from "./format";
import { paths } from "./paths";

export interface Event {
  actor: string;
  action: string;
  noun: string;
  id: string;
  detail: unknown;
}

type Detail = Record<string, unknown>;

const text = (detail: Detail, key: string): string => (typeof detail[key] === "string" ? detail[key] : "");
const number = (detail: Detail, key: string): number | undefined => (typeof detail[key] === "number" ? detail[key] : undefined);
const rows = (detail: Detail) => (number(detail, "rows") === undefined ? "" : `, ${count(number(detail, "rows"))} rows`);

/** By the action without its room: `data_version.publish`. */
const PHRASES: Record<string, (id: string, detail: Detail, runs: Runs) => string> = {
  "data_version.publish": (id, d) => `${id} published${rows(d)}`,
  "data_version.reject": (id, d) => `a version of ${id.split("@")[0]} was refused by its contract${rows(d)}`,
  "project.register": (id) => `pipeline ${id} registered`,
  "pipeline_run.request": (_id, d) => {
    const cause = (d.cause ?? {}) as Detail;
    const by = cause.kind === "trigger" ? `, started by trigger ${text(cause, "trigger")}` : "";
    return `${text(d, "project")} run ${number(d, "number") ?? ""} asked for${by}`;
  },
  "pipeline_run.finish": (id, d, runs) => `${runs.get(id) ?? "pipeline run"} ${text(d, "state") || "ended"}${text(d, "message") ? `: ${text(d, "message")}` : ""}`,
  "pipeline_run.cancel": (id, _d, runs) => `${runs.get(id) ?? "pipeline run"} cancelled`,
  "step_run.fail": (_id, d) => `a step failed${text(d, "message") ? `: ${text(d, "message")}` : ""}`,
  "trigger.pause": (id, d) => `trigger ${id} paused: ${text(d, "why")}`,
  "trigger.resume": (id) => `trigger ${id} resumed`,
  "decision.record": (_id, d) => `${text(d, "kind")} ${text(d, "subject")}: ${words(text(d, "outcome"))}, ${text(d, "reason")}`,
  "gate.decide": (_id, d) => `gate of ${text(d, "subject")} ${text(d, "reason") || words(text(d, "outcome"))}`,
  "model_version.create": (id) => `${id} registered`,
  "alias.set": (id, d) => `${id}:${number(d, "version") ?? ""} is ${text(d, "alias")}`,
  "alias.rollback": (id, d) => `${text(d, "alias")} of ${id} is back at version ${number(d, "version") ?? ""}`,
  "alias.remove": (id, d) => `${id} has no ${text(d, "alias")} any more`,
  "deployment.apply": (id, d) => `${id} is to serve ${text(d, "model")}${number(d, "version") === undefined ? "" : `:${number(d, "version")}`}`,
  "deployment.rollback": (id, d) => `${id} is back on version ${number(d, "to") ?? ""}`,
  "rollout.start": (_id, d) => `${text(d, "deployment")}: rollout of version ${number(d, "version") ?? ""} started`,
  "rollout.move": (_id, d) => `${text(d, "deployment")}: ${text(d, "reason") || "the rollout moved on"}`,
  "alert.open": (_id, d) => `alert on ${text(d, "deployment")}: ${text(d, "sentence")}`,
  "alert.acknowledge": () => "an alert is looked after",
  "alert.close": (_id, d) => `an alert closed: ${text(d, "reason")}`,
  "drift_report.add": (_id, d) => `${text(d, "deployment")}: ${text(d, "sentence")}`,
  "performance.add": (_id, d) => `${text(d, "deployment")}: ${text(d, "sentence")}`,
  "label.add": (id, d) => `${count(number(d, "added"))} labels added to ${id}`,
  "permission.refuse": (id) => `refused: ${id}`,
};

type Runs = ReadonlyMap<string, string>;

/** What people call the pipeline runs that these events are about; only the first event of a run says it. */
export function runNames(events: readonly Event[]): Runs {
  const asked = events.filter((event) => event.action === "pipelines.pipeline_run.request");
  return new Map(asked.map((event) => [event.id, `${text(event.detail as Detail, "project")} run ${number(event.detail as Detail, "number") ?? ""}`]));
}

/** Undefined for what only machines care about. */
export function phrase(event: Event, runs: Runs = new Map()): string | undefined {
  const detail = (event.detail !== null && typeof event.detail === "object" ? event.detail : {}) as Detail;
  return PHRASES[event.action.slice(event.action.indexOf(".") + 1)]?.(event.id, detail, runs);
}

/** What was done in a few words, for bookkeeping as well. */
export function summary(event: Event, runs?: Runs): string {
  const told = phrase(event, runs);
  if (told !== undefined) return told;
  const [, noun = "", verb = ""] = event.action.split(".");
  const more = brief(event.detail);
  return `${words(noun)} ${words(verb)}${more ? `: ${more}` : ""}`;
}

/** The reason of a decision, without the outcome that is shown beside it. */
export function reasonOf(decision: { outcome: string; reason: string }): string {
  const lead = `${words(decision.outcome)}: `;
  return decision.reason.startsWith(lead) ? decision.reason.slice(lead.length) : decision.reason;
}

/** `step:01a2…` is the step that the platform runs; people and the rest keep their names. */
export function actorName(actor: string): string {
  return actor.startsWith("step:") ? `step ${shortId(actor.slice(5))}` : actor;
}

const part = encodeURIComponent;

/** The page of the thing that an audit event names; undefined where it has none. */
export function pageOf({ noun, id, detail }: Pick<Event, "noun" | "id" | "detail">): string | undefined {
  const known = (detail !== null && typeof detail === "object" ? detail : {}) as Detail;
  const deployment = text(known, "deployment");
  switch (noun) {
    case "dataset":
    case "data_version":
    case "contract":
      return `/data/${part(id).replaceAll("%40", "@")}`;
    case "run":
      return paths.run(id);
    case "project":
    case "pipeline":
      return paths.pipeline(id);
    case "trigger":
      return paths.pipeline(id.split("/")[0] ?? id);
    case "pipeline_run":
      return paths.pipelineRun(id);
    case "decision":
      return text(known, "pipeline_run") ? paths.pipelineRun(text(known, "pipeline_run")) : "/pipelines";
    case "model":
      return paths.model(id);
    case "model_version": {
      const [name, version] = id.split(":");
      return name && version && /^\d+$/.test(version) ? paths.model(name, Number(version)) : undefined;
    }
    case "deployment":
      return paths.deploy(id);
    case "rollout":
      return deployment ? paths.deploy(deployment) : undefined;
    case "monitor":
    case "label":
      return paths.monitor(id);
    case "drift_report":
      return deployment ? `${paths.monitor(deployment)}?report=${part(id)}` : undefined;
    case "alert":
    case "performance":
      return deployment ? paths.monitor(deployment) : undefined;
    case "prediction":
      return paths.trace(id);
    case "experiment":
      return `/runs?experiment=${part(id)}`;
    default:
      return undefined;
  }
}
