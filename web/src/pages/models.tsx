/** All registered models: who is champion, who challenges. */
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useModels } from "../api/queries";
import type { Model } from "../api/types";
import { plural } from "../lib/format";
import { paths } from "../lib/paths";
import { useView } from "../lib/store";
import { Page, To, When } from "../ui/bits";
import { Grid } from "../ui/grid";
import { Empty, Loaded } from "../ui/state";

export function AliasTag({ alias }: { alias: string }) {
  return <span className={`tag ${alias === "champion" || alias === "challenger" ? alias : ""}`}>{alias}</span>;
}

const holder = (model: Model, alias: string) => model.aliases.find((a) => a.alias === alias)?.version;

function Ref({ model, alias }: { model: Model; alias: string }) {
  const version = holder(model, alias);
  return version === undefined ? (
    <span className="ink3">–</span>
  ) : (
    <To tabIndex={-1} className="mono" href={paths.model(model.name, version)}>
      {model.name}:{version}
    </To>
  );
}

export function Models() {
  const router = useRouter();
  const query = useModels();
  const [filter, setFilter] = useState("");
  useView("Models", "volano model ls");
  return (
    <Page title="Models" flush tools={<input data-filter className="input" aria-label="Filter models" placeholder="Filter by name" value={filter} onChange={(e) => setFilter(e.target.value)} />}>
      <Loaded query={query}>
        {(data) => {
          if (data.items.length === 0) {
            return (
              <Empty center title="No registered model yet" cli={["volano pipeline run", 'mlflow.register_model("runs:/RUN_ID/model", "flights")']}>
                A gate that accepts a model registers it by itself; mlflow can register one by hand.
              </Empty>
            );
          }
          const rows = data.items.filter((m) => m.name.includes(filter.trim()));
          return (
            <>
              <Grid
                label="Models"
                rows={rows}
                id={(m) => m.name}
                open={(m) => router.history.push(paths.model(m.name))}
                columns={[
                  { key: "name", head: "model", width: 240, cell: (m) => <To tabIndex={-1} href={paths.model(m.name)}>{m.name}</To> },
                  { key: "champion", head: "champion", width: 160, cell: (m) => <Ref model={m} alias="champion" /> },
                  { key: "challenger", head: "challenger", width: 160, cell: (m) => <Ref model={m} alias="challenger" /> },
                  { key: "versions", head: "versions", width: 90, num: true, cell: (m) => m.last_version },
                  { key: "updated", head: "changed", width: 140, cell: (m) => <When ms={m.updated_ms} /> },
                  { key: "text", head: "description", width: 320, cell: (m) => <span title={m.description}>{m.description}</span> },
                ]}
              />
              <div className="under">{plural(rows.length, "model")}</div>
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
