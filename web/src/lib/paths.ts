/** Addresses of things: the same references as on the command line. */
const part = encodeURIComponent;

export const paths = {
  data: (name: string, version?: number | string) => `/data/${part(name)}${version === undefined ? "" : `@${typeof version === "number" ? `v${version}` : part(version)}`}`,
  run: (id: string) => `/r/${part(id)}`,
  artifact: (id: string, path: string) => `/r/${part(id)}?tab=artifacts&path=${part(path)}`,
  experiment: (name: string) => `/experiments/${part(name)}`,
  compare: (ids: readonly string[]) => `/diff/runs?ids=${ids.map(part).join(",")}`,
  pipeline: (name: string) => `/pipelines/${part(name)}`,
  pipelineRun: (id: string) => `/pipeline-runs/${part(id)}`,
  model: (name: string, version?: number) => `/models/${part(name)}${version === undefined ? "" : `?version=${version}`}`,
  deploy: (name: string) => `/deploy/${part(name)}`,
  monitor: (name: string) => `/monitor/${part(name)}`,
  /** A trace of an application; `trace` is the way back from a prediction. */
  requestTrace: (id: string) => `/traces/${part(id)}`,
  trace: (id: string) => `/trace/${part(id)}`,
};
