import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Page } from "./ui/bits";
import { Empty, Fault } from "./ui/state";
import { Overview } from "./pages/overview";
import { Shell } from "./ui/shell";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Page title="No such page">
      <Empty center title="There is no page at this address">The rooms are in the side bar; Ctrl K finds runs, models and data sets by name.</Empty>
    </Page>
  ),
  errorComponent: ({ error, reset }) => <Fault error={error} retry={reset} />,
});

const at = <P extends string>(path: P, load: () => Promise<Record<string, unknown>>, name: string) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load as () => Promise<Record<string, React.ComponentType>>, name) });

const routes = [
  createRoute({ getParentRoute: () => root, path: "/", component: Overview }),
  at("/data", () => import("./pages/datasets"), "Datasets"),
  at("/data/$ref", () => import("./pages/dataset"), "DatasetPage"),
  at("/runs", () => import("./pages/runs"), "Runs"),
  at("/experiments", () => import("./pages/experiments"), "Experiments"),
  at("/experiments/$ref", () => import("./pages/experiment"), "ExperimentPage"),
  at("/r/$id", () => import("./pages/run"), "RunPage"),
  at("/traces", () => import("./pages/traces"), "Traces"),
  at("/traces/$id", () => import("./pages/request-trace"), "RequestTracePage"),
  at("/diff/runs", () => import("./pages/compare"), "Compare"),
  at("/pipelines", () => import("./pages/pipelines"), "Pipelines"),
  at("/pipelines/$name", () => import("./pages/pipeline"), "PipelinePage"),
  at("/pipeline-runs/$id", () => import("./pages/pipeline-run"), "PipelineRunPage"),
  at("/models", () => import("./pages/models"), "Models"),
  at("/models/$name", () => import("./pages/model"), "ModelPage"),
  at("/deploy", () => import("./pages/deployments"), "Deployments"),
  at("/deploy/$name", () => import("./pages/deployment"), "DeploymentPage"),
  at("/monitor", () => import("./pages/monitors"), "Monitors"),
  at("/monitor/$name", () => import("./pages/monitor"), "MonitorPage"),
  at("/activity", () => import("./pages/activity"), "Activity"),
  at("/trace/$id", () => import("./pages/trace"), "TracePage"),
  at("/settings", () => import("./pages/settings"), "Settings"),
];

/** Search values stay plain text in the address, so that links can be read and typed. */
export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const out = new URLSearchParams(search as Record<string, string>).toString();
    return out ? `?${out}` : "";
  },
  defaultPreload: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
