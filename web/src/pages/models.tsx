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

/** Aliases that have a column of their own. */
const OWN = ["champion", "challenger"];

/** Every word is in the name, in a tag (`team`, `team:ops`) or in an alias (`@champion`). */
export function matches(model: Model, filter: string): boolean {
  const tags = Object.entries(model.tags).map(([key, value]) => `${key}:${value}`);
  const text = [model.name, ...tags, ...model.aliases.map((a) => `@${a.alias}`)].join("\n").toLowerCase();
  return filter.toLowerCase().split(/\s+/).filter(Boolean).every((word) => text.includes(word));
}

export function Models() {
  const router = useRouter();
  const query = useModels();
  const [filter, setFilter] = useState("");
  useView("Models", "volano model ls");
  return (
    <Page title="Models" flush tools={<input data-filter className="input" aria-label="Filter models" placeholder="Filter by name, tag or alias" value={filter} onChange={(e) => setFilter(e.target.value)} />}>
      <Loaded query={query}>
        {(data) => {
          if (data.items.length === 0) {
            return (
              <Empty center title="No registered model yet" cli={["volano pipeline run", 'mlflow.register_model("runs:/RUN_ID/model", "flights")']}>
                A gate that accepts a model registers it by itself; mlflow can register one by hand.
              </Empty>
            );
          }
          const rows = data.items.filter((m) => matches(m, filter));
          return (
            <>
              <Grid
                label="Models"
                rows={rows}
                id={(m) => m.name}
                open={(m) => router.history.push(paths.model(m.name))}
                columns={[
                  { key: "name", head: "model", width: 200, cell: (m) => <To tabIndex={-1} href={paths.model(m.name)}>{m.name}</To> },
                  { key: "champion", head: "champion", width: 130, cell: (m) => <Ref model={m} alias="champion" /> },
                  { key: "challenger", head: "challenger", width: 130, cell: (m) => <Ref model={m} alias="challenger" /> },
                  { key: "aliases", head: "other aliases", width: 150, cell: (m) => <span className="row gap4">{m.aliases.filter((a) => !OWN.includes(a.alias)).map((a) => <span key={a.alias} className="tag" title={`${m.name}:${a.version}`}>{`${a.alias} ${a.version}`}</span>)}</span> },
                  { key: "versions", head: "last version", width: 100, num: true, cell: (m) => m.last_version },
                  { key: "tags", head: "tags", width: 190, cell: (m) => <span className="row gap4">{Object.entries(m.tags).map(([key, value]) => <span key={key} className="tag" title={`${key}: ${value}`}>{value ? `${key}: ${value}` : key}</span>)}</span> },
                  { key: "updated", head: "changed", width: 110, cell: (m) => <When ms={m.updated_ms} /> },
                  { key: "text", head: "description", width: 240, cell: (m) => <span title={m.description}>{m.description.split("\n")[0]?.replace(/^#+ /, "")}</span> },
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
