/** Addresses of things: the same references as on the command line. */
const part = encodeURIComponent;

export const paths = {
  data: (name: string, version?: number | string) => `/data/${part(name)}${version === undefined ? "" : `@${typeof version === "number" ? `v${version}` : part(version)}`}`,
  run: (id: string) => `/r/${part(id)}`,
  compare: (ids: readonly string[]) => `/diff/runs?ids=${ids.map(part).join(",")}`,
  pipeline: (name: string) => `/pipelines/${part(name)}`,
  pipelineRun: (id: string) => `/pipeline-runs/${part(id)}`,
  model: (name: string, version?: number) => `/models/${part(name)}${version === undefined ? "" : `?version=${version}`}`,
  deploy: (name: string) => `/deploy/${part(name)}`,
  monitor: (name: string) => `/monitor/${part(name)}`,
  trace: (id: string) => `/trace/${part(id)}`,
};

/** The page of the thing that a notice or an audit event names; undefined where it has none. */
export function pageOf(noun: string, id: string): string | undefined {
  switch (noun) {
    case "dataset":
    case "data_version":
    case "contract":
      return `/data/${part(id).replaceAll("%40", "@")}`;
    case "run":
    case "logged_model":
      return noun === "run" ? paths.run(id) : undefined;
    case "project":
    case "pipeline":
    case "trigger":
      return "/pipelines";
    case "pipeline_run":
      return paths.pipelineRun(id);
    case "model":
      return paths.model(id);
    case "model_version": {
      const [name, version] = id.split(":");
      return name && version && /^\d+$/.test(version) ? paths.model(name, Number(version)) : undefined;
    }
    case "deployment":
    case "rollout":
      return paths.deploy(id);
    case "monitor":
    case "drift_report":
    case "performance":
      return /^[0-9a-f]{32}$/.test(id) ? undefined : paths.monitor(id);
    case "prediction":
      return paths.trace(id);
    case "experiment":
      return "/runs";
    default:
      return undefined;
  }
}
