/** A run's files: a tree on the left, a safe preview on the right. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { address, text } from "../api/client";
import { useArtifacts } from "../api/queries";
import type { ArtifactEntry, Run } from "../api/types";
import { bytes } from "../lib/format";
import { useKeys } from "../lib/keys";
import { Panel, useParam } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Loaded, useSettled } from "../ui/state";
import { Notebook } from "../ui/notebook";

/** Larger files are offered for download, not drawn. */
const PREVIEW_BYTES = 2_000_000;
const TEXT = /(\.(txt|log|md|json|ya?ml|csv|tsv|py|sql|toml|cfg|ini|xml|html)|(^|\/)(MLmodel|requirements|conda))$/i;
const PICTURE = /\.(png|jpe?g|gif|webp)$/i;

const fileAt = (run: Run, path: string) => address("/runs/{id}/artifact", { id: run.id, path });

function Folder({ run, path, at, open }: { run: Run; path: string; at: string; open: (path: string) => void }) {
  const query = useArtifacts(run.id, path);
  return (
    <Loaded query={query}>
      {(list) =>
        list.items.length === 0 && path === "" ? (
          <p className="pad ink2">No files. mlflow.log_artifact puts some here.</p>
        ) : (
          <ul className="tree">
            {list.items.map((entry) => (
              <Entry key={entry.path} run={run} entry={entry} at={at} open={open} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function Entry({ run, entry, at, open }: { run: Run; entry: ArtifactEntry; at: string; open: (path: string) => void }) {
  const [shown, show] = useState(at.startsWith(`${entry.path}/`));
  const name = entry.path.split("/").at(-1);
  if (entry.is_dir) {
    return (
      <li>
        <button type="button" aria-expanded={shown} onClick={() => show(!shown)}>
          <span aria-hidden="true">{shown ? "▾" : "▸"}</span>
          <span className="cut">{name}</span>
        </button>
        {shown && <Folder run={run} path={entry.path} at={at} open={open} />}
      </li>
    );
  }
  return (
    <li>
      <button type="button" data-file={entry.path} aria-current={at === entry.path ? "true" : undefined} onClick={() => open(entry.path)} title={entry.path}>
        <span className="cut grow">{name}</span>
        <span className="ink3 small">{bytes(entry.size)}</span>
      </button>
    </li>
  );
}

function TextPreview({ run, path }: { run: Run; path: string }) {
  const query = useQuery({ queryKey: ["artifact", run.id, path], queryFn: async ({ signal }) => (await text("/runs/{id}/artifact", { id: run.id, path }, signal)).body, staleTime: Number.POSITIVE_INFINITY });
  return (
    <Loaded query={query}>
      {(body) => {
        if (path.endsWith(".ipynb")) return <Notebook text={body} />;
        const whole = body.length <= PREVIEW_BYTES;
        return (
          <>
            <pre className="log tall" tabIndex={0} aria-label={path}>
              {pretty(path, whole ? body : body.slice(0, PREVIEW_BYTES))}
            </pre>
            {!whole && <footer>The first {bytes(PREVIEW_BYTES)} of {bytes(body.length)}; download for all.</footer>}
          </>
        );
      }}
    </Loaded>
  );
}

function pretty(path: string, body: string): string {
  if (!path.endsWith(".json")) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function Preview({ run, path }: { run: Run; path: string }) {
  if (!path) return null;
  return (
    <Panel
      title={<span className="mono">{path}</span>}
      tools={
        <a className="btn" href={fileAt(run, path)} download={path.split("/").at(-1)}>
          <Icon name="down" size={14} /> Download
        </a>
      }
    >
      {PICTURE.test(path) ? (
        <div className="pad">
          <img className="picture" src={fileAt(run, path)} alt={path} />
        </div>
      ) : TEXT.test(path) || path.endsWith(".ipynb") ? (
        <TextPreview run={run} path={path} />
      ) : (
        <p className="pad ink2">This kind of file is not drawn here.</p>
      )}
    </Panel>
  );
}

/** What tells most at first sight: a notebook, a picture, a text. */
function telling(entries: readonly ArtifactEntry[]): string {
  const files = entries.filter((e) => !e.is_dir).map((e) => e.path);
  return files.find((p) => p.endsWith(".ipynb")) ?? files.find((p) => PICTURE.test(p)) ?? files.find((p) => TEXT.test(p)) ?? files[0] ?? "";
}

export function Artifacts({ run }: { run: Run }) {
  const [picked, setPath] = useParam("path");
  const root = useArtifacts(run.id, "");
  const listed = useSettled(root);
  const path = picked || telling(root.data?.items ?? []);
  const step = (by: number) => {
    const files = [...document.querySelectorAll<HTMLElement>("[data-file]")].map((el) => el.dataset.file ?? "");
    const next = files[files.indexOf(path) + by] ?? files[0];
    if (next) setPath(next);
  };
  useKeys([
    { keys: "[", label: "File before", run: () => step(-1) },
    { keys: "]", label: "Next file", run: () => step(1) },
  ]);
  return (
    <div className="cols side-main">
      <Panel title="Files">
        <Folder run={run} path="" at={path} open={setPath} />
      </Panel>
      {listed && <Preview run={run} path={path} />}
    </div>
  );
}
