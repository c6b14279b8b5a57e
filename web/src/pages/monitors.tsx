/** All monitors: what drifts, how the quality stands, what needs labels. */
import { useRouter } from "@tanstack/react-router";
import { useMonitors } from "../api/queries";
import { count, figure, plural } from "../lib/format";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Page, To, When } from "../ui/bits";
import { Grid } from "../ui/grid";
import { Empty, Loaded } from "../ui/state";
import { Status } from "../ui/status";
import { verdictTone } from "./monitor";

export function Monitors() {
  const router = useRouter();
  const query = useMonitors();
  useView("Monitoring", "volano monitor status");
  return (
    <Page title="Monitoring" flush>
      <Loaded query={query}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty center title="Nothing is watched yet" cli="volano deploy flights@champion --to flights-late">
              Every deployment is watched from its first request, against the data its model was trained on.
            </Empty>
          ) : (
            <>
              <Grid
                label="Monitors"
                rows={data.items}
                id={(m) => m.deployment}
                open={(m) => router.history.push(paths.monitor(m.deployment))}
                columns={[
                  { key: "name", head: "deployment", width: 220, cell: (m) => <To tabIndex={-1} href={paths.monitor(m.deployment)}>{m.deployment}</To> },
                  { key: "model", head: "model", width: 140, cell: (m) => <span className="mono">{m.model}:{m.version}</span> },
                  { key: "drift", head: "drift", width: 150, cell: (m) => (m.last_drift ? <Status state={m.last_drift.verdict} tone={verdictTone(m.last_drift.verdict)} /> : <span className="ink3">not computed</span>) },
                  { key: "moved", head: "moved share", width: 100, num: true, cell: (m) => figure(m.last_drift?.moved_share) },
                  { key: "perf", head: "performance", width: 150, cell: (m) => (m.last_performance ? <Status state={m.last_performance.verdict} tone={verdictTone(m.last_performance.verdict)} /> : <span className="ink3">no labels yet</span>) },
                  { key: "rows", head: "predictions", width: 100, num: true, cell: (m) => count(m.rows) },
                  { key: "labels", head: "labels", width: 90, num: true, cell: (m) => count(m.labels) },
                  { key: "when", head: "checked", width: 120, cell: (m) => <When ms={m.last_drift?.time_ms} /> },
                  { key: "alerts", head: "open alerts", width: 110, cell: (m) => count(m.alerts.filter((a) => !a.closed_ms).length) },
                ]}
              />
              <div className="under">{plural(data.items.length, "monitor")}</div>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
