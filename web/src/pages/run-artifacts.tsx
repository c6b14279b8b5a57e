/** A run's files and those of the models that it logged: a tree on the left, a safe preview on the right. */
import { useQueries } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { artifactsOptions, useArtifacts, useRunLinks } from "../api/queries";
import type { ArtifactEntry, LoggedModel, Run } from "../api/types";
import { bytes } from "../lib/format";
import { useKeys } from "../lib/keys";
import { copy } from "../lib/store";
import { Panel, useParam } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Loaded, useSettled } from "../ui/state";
import { fileAt, telling } from "./artifact-kind";

/** The viewers are fetched when a file is looked at. */
const Preview = lazy(async () => ({ default: (await import("./artifact-preview")).Preview }));

interface Place {
  /** A run, or a logged model. */
  root: string;
  path: string;
}

interface Tree {
  at: Place;
  open: (place: Place) => void;
}

/** In the address, a file of a logged model stands below the model's id. */
const OF_MODEL = /^(m-[0-9a-f]{32})\/(.+)$/;

/** Entries of one folder that are drawn before more are asked for. */
const FIRST = 200;

function Folder({ root, path, tree }: { root: string; path: string; tree: Tree }) {
  const [most, setMost] = useState(FIRST);
  const query = useArtifacts(root, path);
  return (
    <Loaded query={query}>
      {(list) =>
        list.items.length === 0 && path === "" ? (
          <p className="pad ink2">No files. mlflow.log_artifact puts some here.</p>
        ) : (
          <ul className="tree">
            {[...list.items].sort((a, b) => Number(b.is_dir) - Number(a.is_dir)).slice(0, most).map((entry) => (
              <Entry key={entry.path} root={root} entry={entry} tree={tree} />
            ))}
            {list.items.length > most && (
              <li>
                <button type="button" onClick={() => setMost(most + 10 * FIRST)}>{`${list.items.length - most} more`}</button>
              </li>
            )}
          </ul>
        )
      }
    </Loaded>
  );
}

function Entry({ root, entry, tree }: { root: string; entry: ArtifactEntry; tree: Tree }) {
  const here = tree.at.root === root;
  const [shown, show] = useState(here && tree.at.path.startsWith(`${entry.path}/`));
  const name = entry.path.split("/").at(-1);
  if (entry.is_dir) {
    return (
      <li>
        <button type="button" aria-expanded={shown} onClick={() => show(!shown)}>
          <span aria-hidden="true">{shown ? "▾" : "▸"}</span>
          <span className="cut">{name}</span>
        </button>
        {shown && <Folder root={root} path={entry.path} tree={tree} />}
      </li>
    );
  }
  return (
    <li>
      <button type="button" data-file={entry.path} data-root={root} aria-current={here && tree.at.path === entry.path ? "true" : undefined} onClick={() => tree.open({ root, path: entry.path })} title={entry.path}>
        <span className="cut grow">{name}</span>
        <span className="ink3 small">{bytes(entry.size)}</span>
      </button>
    </li>
  );
}

function ModelFiles({ model, tree }: { model: LoggedModel; tree: Tree }) {
  const [shown, show] = useState(tree.at.root === model.id);
  return (
    <ul className="tree">
      <li>
        <button type="button" aria-expanded={shown} onClick={() => show(!shown)} title={model.id}>
          <span aria-hidden="true">{shown ? "▾" : "▸"}</span>
          <span className="cut grow">{model.name}</span>
          <span className="ink3 small">model</span>
        </button>
        {shown && <Folder root={model.id} path="" tree={tree} />}
      </li>
    </ul>
  );
}

export function Artifacts({ run }: { run: Run }) {
  const [picked, setPath] = useParam("path");
  const root = useArtifacts(run.id, "");
  const links = useRunLinks(run.id);
  const files = (root.data?.items ?? []).filter((e) => !e.is_dir).map((e) => e.path);
  const model = picked.match(OF_MODEL);
  const at: Place = model ? { root: model[1] ?? "", path: model[2] ?? "" } : { root: run.id, path: picked || telling(files) };
  // The folders above the file that the address names open with the page, not after it.
  const parts = picked ? at.path.split("/") : [];
  const above = useQueries({ queries: parts.map((_, i) => artifactsOptions(at.root, parts.slice(0, i).join("/"))) });
  const listed = useSettled(root, links, ...above);
  const open = (place: Place) => setPath(place.root === run.id ? place.path : `${place.root}/${place.path}`);
  const step = (by: number) => {
    const all = [...document.querySelectorAll<HTMLElement>("[data-file]")].map((el) => ({ root: el.dataset.root ?? "", path: el.dataset.file ?? "" }));
    const next = all[all.findIndex((place) => place.root === at.root && place.path === at.path) + by] ?? all[0];
    if (next) open(next);
  };
  useKeys([
    { keys: "[", label: "File before", run: () => step(-1) },
    { keys: "]", label: "Next file", run: () => step(1) },
  ]);
  if (!listed) return null;
  const tree = { at, open };
  const models = links.data?.models ?? [];
  const uri = at.root === run.id ? `${links.data?.artifact_uri ?? `runs:/${run.id}`}/${at.path}` : `models:/${at.root}/${at.path}`;
  return (
    <div className="cols side-main">
      <Panel title="Files">
        <Folder root={run.id} path="" tree={tree} />
        {models.map((one) => (
          <ModelFiles key={one.id} model={one} tree={tree} />
        ))}
      </Panel>
      {at.path && (
        <Panel
          title={<span className="mono wrap">{at.path}</span>}
          tools={
            <>
              <button type="button" className="btn quiet" onClick={() => void copy(uri)} title={uri}>
                <Icon name="copy" size={14} /> Copy URI
              </button>
              <a className="btn" href={fileAt(at.root, at.path)} download={at.path.split("/").at(-1)}>
                <Icon name="down" size={14} /> Download
              </a>
            </>
          }
        >
          <Suspense fallback={<div className="viewer" />}>
            <Preview key={`${at.root} ${at.path}`} root={at.root} path={at.path} />
          </Suspense>
        </Panel>
      )}
    </div>
  );
}
