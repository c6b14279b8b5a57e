/** What this server is, and what this browser prefers. */
import { useServer } from "../api/queries";
import { choose, settings } from "../lib/settings";
import { useCell, useView } from "../lib/store";
import { Cli, Facts, Page, Panel, Tabs, useParam } from "../ui/bits";
import { Loaded, useSettled } from "../ui/state";
import { Trash } from "./settings-trash";
import { Webhooks } from "./webhooks";

const TABS: [string, string][] = [
  ["", "This server"],
  ["webhooks", "Webhooks"],
  ["trash", "Trash"],
];

const themes = [["", "system"], ["light", "light"], ["dark", "dark"]] as const;
const densities = [["", "dense"], ["comfortable", "comfortable"]] as const;

function Choice({ name, label, items, value }: { name: "theme" | "density"; label: string; items: readonly (readonly [string, string])[]; value: string }) {
  return (
    <div className="seg" role="group" aria-label={label}>
      {items.map(([key, text]) => (
        <button key={text} type="button" aria-pressed={value === key} onClick={() => choose(name, key)}>
          {text}
        </button>
      ))}
    </div>
  );
}

function Own() {
  const server = useServer();
  const chosen = useCell(settings);
  if (!useSettled(server)) return null;
  return (
      <div className="cols two">
        <Panel title="This server">
          <div className="pad stack gap12">
            <Loaded query={server}>
              {(info) => (
                <Facts
                  items={[
                    ["version", <span key="v" className="mono">{info.version}</span>],
                    ["home", <span key="h" className="mono">{info.home}</span>],
                    ["database", <span key="d" className="mono">{info.database}</span>],
                    ["projects", info.projects.join(", ") || "none: start the server in a folder with a volano.yaml"],
                    ["address", <span key="a" className="mono">{location.origin}</span>],
                  ]}
                />
              )}
            </Loaded>
            <p className="ink2">Check the machine, the project and the server:</p>
            <Cli line="volano doctor" />
          </div>
        </Panel>
        <Panel title="This browser">
          <div className="pad">
            <Facts
              items={[
                ["theme", <Choice key="t" name="theme" label="Theme" items={themes} value={chosen.theme} />],
                ["rows", <Choice key="r" name="density" label="Rows" items={densities} value={chosen.density} />],
              ]}
            />
          </div>
        </Panel>
        <Panel title="Use it from Python">
          <div className="pad stack gap8">
            <p className="ink2">The mlflow package works unchanged; it needs this server’s address:</p>
            <Cli line={`export MLFLOW_TRACKING_URI=${location.origin}`} />
          </div>
        </Panel>
      </div>
  );
}

export function Settings() {
  const [tab] = useParam("tab");
  const webhooks = tab === "webhooks";
  const trash = tab === "trash";
  useView(webhooks ? "Webhooks" : trash ? "Trash" : "Settings", webhooks ? "volano webhook ls" : trash ? "volano trash ls" : "volano doctor");
  return (
    <Page title="Settings" tabs={<Tabs base="/settings" at={tab} items={TABS} label="Settings" />}>
      {webhooks ? <Webhooks /> : trash ? <Trash /> : <Own />}
    </Page>
  );
}
