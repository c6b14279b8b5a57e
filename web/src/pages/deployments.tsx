/** All deployments: up, which version, how fast. */
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useDeployments } from "../api/queries";
import type { Deployment } from "../api/types";
import { figure, percent, plural, span } from "../lib/format";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Page, To, When } from "../ui/bits";
import { Grid } from "../ui/grid";
import { Empty, Loaded } from "../ui/state";
import { Status } from "../ui/status";

export function split(deployment: Deployment): string {
  return deployment.routes.filter((r) => r.route !== "warm").map((r) => `${r.model}:${r.version} ${percent(r.share, 0)}`).join("  ") || "nothing";
}

export function Deployments() {
  const router = useRouter();
  const query = useDeployments();
  const [filter, setFilter] = useState("");
  useView("Deployments", "volano deploy ls");
  return (
    <Page title="Deployments" flush tools={<input data-filter className="input" aria-label="Filter deployments" placeholder="Filter by name" value={filter} onChange={(e) => setFilter(e.target.value)} />}>
      <Loaded query={query}>
        {(data) => {
          if (data.items.length === 0) {
            return (
              <Empty center title="Nothing is served yet" cli="volano deploy flights@champion --to flights-late">
                A gate that accepts a model deploys it to the deployment that volano.yaml names; or deploy one by hand.
              </Empty>
            );
          }
          const rows = data.items.filter((d) => d.name.includes(filter.trim()));
          return (
            <>
              <Grid
                label="Deployments"
                rows={rows}
                id={(d) => d.name}
                open={(d) => router.history.push(paths.deploy(d.name))}
                columns={[
                  { key: "name", head: "deployment", width: 220, cell: (d) => <To tabIndex={-1} href={paths.deploy(d.name)}>{d.name}</To> },
                  { key: "state", head: "state", width: 120, cell: (d) => <Status state={d.state} /> },
                  { key: "split", head: "traffic", width: 260, cell: (d) => <span className="mono">{split(d)}</span> },
                  { key: "rate", head: "req/min", width: 90, num: true, cell: (d) => figure(d.requests_per_min, 3) },
                  { key: "errors", head: "errors", width: 80, num: true, cell: (d) => <span className={d.error_rate > 0.01 ? "bad" : ""}>{percent(d.error_rate)}</span> },
                  { key: "p50", head: "p50", width: 90, num: true, cell: (d) => span(d.p50_ms) },
                  { key: "p99", head: "p99", width: 90, num: true, cell: (d) => span(d.p99_ms) },
                  { key: "follows", head: "follows", width: 170, cell: (d) => <span className="mono">{d.model}</span> },
                  { key: "changed", head: "changed", width: 130, cell: (d) => <When ms={d.updated_ms} /> },
                ]}
              />
              <div className="under">{plural(rows.length, "deployment")}</div>
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
