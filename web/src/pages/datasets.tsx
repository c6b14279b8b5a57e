/** All data sets: how fresh, how large, whether the newest batch was taken. */
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useDatasets } from "../api/queries";
import { bytes, count, plural } from "../lib/format";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Page, To, When } from "../ui/bits";
import { Grid } from "../ui/grid";
import { Empty, Loaded } from "../ui/state";
import { Status } from "../ui/status";

export function Datasets() {
  const router = useRouter();
  const query = useDatasets();
  const [filter, setFilter] = useState("");
  useView("Data", "volano data ls");
  return (
    <Page
      title="Data"
      flush
      tools={<input data-filter className="input" aria-label="Filter data sets" placeholder="Filter by name" value={filter} onChange={(e) => setFilter(e.target.value)} />}
    >
      <Loaded query={query}>
        {(data) => {
          const rows = data.items.filter((d) => d.name.includes(filter.trim()));
          if (data.items.length === 0) {
            return (
              <Empty center title="No data yet" cli={["volano data add flights.parquet --name flights"]}>
                Or name a file pattern under data: in volano.yaml; files that arrive there become versions by themselves.
              </Empty>
            );
          }
          return (
            <>
              <Grid
                label="Data sets"
                rows={rows}
                id={(d) => d.name}
                open={(d) => router.history.push(paths.data(d.name))}
                columns={[
                  { key: "name", head: "data set", width: 180, cell: (d) => <To tabIndex={-1} href={paths.data(d.name)}>{d.name}</To> },
                  { key: "version", head: "newest", width: 90, cell: (d) => <span className="mono">{d.latest?.number ? `v${d.latest.number}` : "–"}</span> },
                  { key: "rows", head: "rows", width: 96, num: true, cell: (d) => count(d.latest?.rows) },
                  { key: "size", head: "size", width: 90, num: true, cell: (d) => bytes(d.latest?.size) },
                  { key: "when", head: "published", width: 120, cell: (d) => <When ms={d.latest?.time_ms} /> },
                  { key: "state", head: "newest batch", width: 120, cell: (d) => (d.rejected ? <To tabIndex={-1} href={`/data/${d.rejected.reference}`}><Status state="rejected" /></To> : d.latest ? <Status state={d.latest.state} /> : "–") },
                  { key: "contract", head: "contract", width: 100, cell: (d) => (d.contract ? <Status state="ok">checked</Status> : <span className="ink3">none</span>) },
                  { key: "time", head: "time column", width: 120, cell: (d) => <span className="mono">{d.time_column ?? "–"}</span> },
                  { key: "message", head: "message", width: 240, cell: (d) => <span title={d.latest?.message}>{d.latest?.message ?? ""}</span> },
                ]}
              />
              <div className="under">{plural(rows.length, "data set")}</div>
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
