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
