/** The rooms of the product, in the order of the work. */
export interface Room {
  path: string;
  name: string;
  icon: string;
  key: string;
  /** Other addresses that belong to this room. */
  also?: string[];
}

export const rooms: Room[] = [
  { path: "/", name: "Overview", icon: "overview", key: "o" },
  { path: "/data", name: "Data", icon: "data", key: "d" },
  { path: "/runs", name: "Runs", icon: "runs", key: "e", also: ["/r/", "/diff/", "/experiments", "/traces"] },
  { path: "/pipelines", name: "Pipelines", icon: "pipelines", key: "p", also: ["/pipeline-runs"] },
  { path: "/models", name: "Models", icon: "models", key: "m" },
  { path: "/deploy", name: "Deployments", icon: "deploy", key: "s", also: ["/trace/"] },
  { path: "/monitor", name: "Monitoring", icon: "monitor", key: "w" },
  { path: "/activity", name: "Activity", icon: "activity", key: "a" },
];
