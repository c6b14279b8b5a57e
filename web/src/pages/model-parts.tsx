/** Panels of a model: moving its aliases with a reason, their history, what is in a version, where it is used. */
import { useQueryClient } from "@tanstack/react-query";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { address, post, remove } from "../api/client";
import { contentsOptions, useAliasHistory } from "../api/queries";
import type { AliasMove, Model, ModelUse, ModelVersion, VersionContents } from "../api/types";
import { bytes } from "../lib/format";
import { paths } from "../lib/paths";
import { toast } from "../lib/store";
import type { Question } from "../ui/ask";
import { Facts, Panel, To, When } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Loaded } from "../ui/state";
import { AliasTag } from "./models";

/** Aliases that people look for first. */
const USUAL = ["champion", "challenger"];

export function useAliases(model: Model | undefined, ask: (question: Question) => void) {
  const client = useQueryClient();
  const name = model?.name ?? "";
  const refresh = () => client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.some((n) => ["model", "deployment"].includes(n)) ?? false });
  const at = (alias: string) => model?.aliases.find((a) => a.alias === alias)?.version;
  const reason = { name: "reason", label: "Why", required: true, area: true, placeholder: "It is kept with the alias and in the audit log" };
  const back = async (alias: string, why: string) => {
    const version = await post("/models/{name}/rollback", { name }, { alias, reason: why });
    toast(`${alias} points at ${name}:${version.version} again`);
    await refresh();
  };
  const undo = (alias: string, before: number | undefined) => () =>
    void (before === undefined ? remove("/models/{name}/aliases/{alias}", { name, alias, reason: "undone at once" }).then(refresh) : back(alias, "undone at once")).catch((error: Error) => toast(error.message));
  const move = (version: ModelVersion) =>
    ask({
      title: `Point an alias at ${name}:${version.version}`,
      text: "What follows the alias, such as a deployment, goes along.",
      fields: [{ name: "alias", label: "Alias", value: version.aliases.includes("champion") ? "" : "champion", required: true, free: true, choices: [...new Set([...USUAL, ...(model?.aliases.map((a) => a.alias) ?? [])])] }, reason],
      does: "Move",
      act: async ({ alias = "", reason: why = "" }) => {
        const wanted = alias.trim();
        const before = at(wanted);
        await post("/models/{name}/promote", { name }, { version: version.version, alias: wanted, reason: why.trim() });
        toast(`${name}:${version.version} is ${wanted}`, before === version.version ? undefined : { label: "Undo", run: undo(wanted, before) });
        await refresh();
      },
    });
  const rollback = () =>
    ask({
      title: "Roll back",
      text: "The alias points again where it pointed before, and what follows it goes along.",
      fields: [{ name: "alias", label: "Alias", choices: model?.aliases.map((a) => a.alias) ?? [], value: model?.aliases.some((a) => a.alias === "champion") ? "champion" : model?.aliases[0]?.alias }, reason],
      does: "Roll back",
      act: ({ alias = "", reason: why = "" }) => back(alias, why.trim()),
    });
  const drop = (alias: string) =>
    ask({
      title: `Remove the alias ${alias}`,
      text: "References by this name lead nowhere then.",
      fields: [reason],
      does: "Remove",
      danger: true,
      act: async ({ reason: why = "" }) => {
        await remove("/models/{name}/aliases/{alias}", { name, alias, reason: why.trim() });
        toast(`${name}@${alias} is removed`);
        await refresh();
      },
    });
  return { move, rollback, drop };
}

/** Aliases of a version: each can be taken away, one more can be set. */
export function VersionAliases({ version, move, drop }: { version: ModelVersion; move: (version: ModelVersion) => void; drop: (alias: string) => void }) {
  return (
    <span className="row gap4">
      {version.aliases.map((alias) => (
        <span key={alias} className="row gap0">
          <AliasTag alias={alias} />
          <button type="button" className="btn quiet icon tiny" aria-label={`Remove the alias ${alias}`} title="Remove" onClick={() => drop(alias)}>
            <Icon name="close" size={10} />
          </button>
        </span>
      ))}
      <button type="button" className="btn quiet" aria-label={version.aliases.includes("champion") ? `+ alias of version ${version.version}` : `Promote version ${version.version}`} onClick={() => move(version)}>
        {version.aliases.includes("champion") ? "+ alias" : "Promote"}
      </button>
    </span>
  );
}

function sentenceOf(move: AliasMove): string {
  switch (move.change) {
    case "removed":
      return "removed";
    case "rolled_back":
      return "rolled back";
    default:
      return move.previous == null ? "set" : "moved";
  }
}

export function History({ model }: { model: Model }) {
  const query = useAliasHistory(model.name);
  const [alias, setAlias] = useState("");
  return (
    <Loaded query={query}>
      {(data) => {
        const names = [...new Set(data.items.map((move) => move.alias))];
        const shown = data.items.filter((move) => !alias || move.alias === alias);
        const at = (version: number | null | undefined) => (version == null ? <span className="ink3">–</span> : <To className="mono" href={paths.model(model.name, version)}>{`${model.name}:${version}`}</To>);
        return (
          <Panel
            title="Who moved which alias"
            tools={
              names.length > 1 && (
                <select className="select" aria-label="Alias" value={alias} onChange={(e) => setAlias(e.target.value)}>
                  <option value="">all aliases</option>
                  {names.map((name) => (
                    <option key={name}>{name}</option>
                  ))}
                </select>
              )
            }
          >
            {shown.length === 0 ? (
              <p className="pad ink2">No alias of this model was moved yet.</p>
            ) : (
              <div className="scroll" tabIndex={0} role="region" aria-label="Moves of aliases">
                <table className="t">
                  <thead>
                    <tr>
                      <th>when</th>
                      <th>alias</th>
                      <th>what</th>
                      <th>from</th>
                      <th>to</th>
                      <th>who</th>
                      <th>why</th>
                    </tr>
                  </thead>
                  <tbody>
                    {shown.map((move, i) => (
                      <tr key={i}>
                        <td>
                          <When ms={move.time_ms} />
                        </td>
                        <td>
                          <AliasTag alias={move.alias} />
                        </td>
                        <td className="keep">{sentenceOf(move)}</td>
                        <td className="keep">{at(move.previous)}</td>
                        <td className="keep">{at(move.version)}</td>
                        <td>{move.actor}</td>
                        <td className="why wrap">{move.reason || <span className="ink3">no reason given</span>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Panel>
        );
      }}
    </Loaded>
  );
}

const ROLES: Record<string, string> = { live: "serves", canary: "is being tried in", previous: "would come back in", follows: "is followed by", trains: "is trained by" };

/** Where a model, or one version of it, is used. */
export function Uses({ uses, title }: { uses: readonly ModelUse[]; title: string }) {
  return (
    <Panel title={title}>
      {uses.length === 0 ? (
        <p className="pad ink2">Nowhere.</p>
      ) : (
        <ul className="lines">
          {uses.map((use, i) => (
            <li key={i} className="row">
              <span className="ink3">{ROLES[use.role] ?? use.role}</span>
              <To href={use.kind === "project" ? paths.pipeline(use.name) : paths.deploy(use.name)}>{use.name}</To>
              <span className="mono ink3 right">{use.reference ?? (use.version == null ? "" : `version ${use.version}`)}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Slots({ title, list }: { title: string; list: VersionContents["inputs"] }) {
  if (list.length === 0) return null;
  return (
    <>
      <tr className="group">
        <th colSpan={2}>{title}</th>
      </tr>
      {list.map((slot, i) => (
        <tr key={i}>
          <td className="wrap">{slot.name || <span className="ink3">{`#${i + 1}`}</span>}</td>
          <td className="mono">{slot.required ? slot.type : `${slot.type}, optional`}</td>
        </tr>
      ))}
    </>
  );
}

/** What goes in and out, what it can be loaded as, what it needs, its files. */
export function Contents({ version }: { version: ModelVersion }) {
  const query = useQuery(contentsOptions(version.name, version.version));
  const [files, setFiles] = useState(false);
  return (
    <Loaded query={query}>
      {(found) => (
        <Panel title="What is in it" tools={`${found.files.length} files`}>
          {found.problem && found.files.length > 0 && <p className="pad ink2 wrap">{found.problem}</p>}
          {found.inputs.length + found.outputs.length > 0 && (
            <table className="t pairs grouped">
              <tbody>
                <Slots title="takes" list={found.inputs} />
                <Slots title="gives" list={found.outputs} />
              </tbody>
            </table>
          )}
          <div className="pad">
            <Facts
              items={[
                ["loads as", found.flavors.length > 0 && found.flavors.map((f) => `${f.name}${f.version ? ` ${f.version}` : ""}`).join(", ")],
                ["Python", found.python],
                ["parameters", found.params.join(", ")],
                ["packages", found.requirements.length > 0 && <span key="r" className="mono wrap">{found.requirements.join("  ")}</span>],
              ]}
            />
          </div>
          <footer>
            <button type="button" className="linkish" aria-expanded={files} onClick={() => setFiles(!files)}>
              {files ? "Hide files" : "Show files"}
            </button>
          </footer>
          {files && (
            <ul className="lines">
              {found.files.map((file) => (
                <li key={file.path} className="row">
                  <a className="mono wrap" href={address("/models/{name}/versions/{version}/file", { name: version.name, version: version.version, path: file.path })} download={file.path.split("/").at(-1)}>
                    {file.path}
                  </a>
                  <span className="ink3 right">{bytes(file.size)}</span>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      )}
    </Loaded>
  );
}
