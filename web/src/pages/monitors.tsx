/** All monitors: what drifts, how the quality stands, what needs labels. */
import { useRouter } from "@tanstack/react-router";
import { useAlerts, useMonitors } from "../api/queries";
import { count, plural } from "../lib/format";
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
  const alerts = useAlerts();
  const openOf = (deployment: string) => alerts.data?.items.filter((a) => a.deployment === deployment).length ?? 0;
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
                  { key: "name", head: "deployment", width: 240, cell: (m) => <To tabIndex={-1} href={paths.monitor(m.deployment)}>{m.deployment}</To> },
                  { key: "state", head: "state", width: 150, cell: (m) => <Status state={m.state} tone={verdictTone(m.state)} /> },
                  { key: "version", head: "version", width: 90, num: true, cell: (m) => m.version ?? "–" },
                  { key: "alerts", head: "open alerts", width: 110, num: true, cell: (m) => count(openOf(m.deployment)) },
                  { key: "when", head: "last window", width: 140, cell: (m) => <When ms={m.checked_ms} /> },
                  { key: "why", head: "why", width: 420, cell: (m) => alerts.data?.items.find((a) => a.deployment === m.deployment)?.sentence ?? "" },
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
