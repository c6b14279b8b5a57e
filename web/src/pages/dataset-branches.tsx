/** Branches and tags of a data set: what is tried beside what is published, and its way in. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { get, post, remove } from "../api/client";
import { useDataRefs } from "../api/queries";
import type { DataRef, MergePreview } from "../api/types";
import { bytes, plural } from "../lib/format";
import { paths } from "../lib/paths";
import { toast } from "../lib/store";
import { Ask, type Question } from "../ui/ask";
import { Panel, To, When } from "../ui/bits";
import { Icon } from "../ui/icons";
import { Loaded } from "../ui/state";
import { Status } from "../ui/status";
import { refOf } from "./dataset";

/** Changed files that a question lists; the page of the branch has all. */
const LISTED = 8;

/** What a merge would do, before it is done. */
function Preview({ preview }: { preview: MergePreview }) {
  if (preview.conflicts.length > 0) {
    return (
      <>
        <p className="bad">It cannot be merged: files were changed on both sides.</p>
        <ul>
          {preview.conflicts.slice(0, LISTED).map((one) => (
            <li key={one.path}>
              <code>{one.path}</code> {one.detail}
            </li>
          ))}
        </ul>
        <p>Add the files to the branch as they should be, beginning from the newest version.</p>
      </>
    );
  }
  if (preview.files.length === 0) return <p>All of it is published already.</p>;
  return (
    <>
      <p>{plural(preview.files.length, "file")} would change in what is published; the contract is checked before that.</p>
      <ul>
        {preview.files.slice(0, LISTED).map((file) => (
          <li key={file.path}>
            <code>{file.path}</code> {file.change}, {bytes(file.size)}
          </li>
        ))}
        {preview.files.length > LISTED && <li>and {plural(preview.files.length - LISTED, "more file")}</li>}
      </ul>
    </>
  );
}

export function BranchesPanel({ name, at }: { name: string; at: string }) {
  const client = useQueryClient();
  const query = useDataRefs(name);
  const [question, ask] = useState<Question | null>(null);
  const refresh = () => client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("data_version") ?? false });

  const make = (kind: "branch" | "tag") =>
    ask({
      title: kind === "branch" ? "New branch" : "New tag",
      text: kind === "branch" ? `It starts at ${at}. What is committed on it is checked against the contract and is not published before it is merged.` : `It stays at ${at}, whatever is published.`,
      fields: [{ name: "name", label: "Name", required: true, placeholder: kind === "branch" ? "review/april" : "q3-frozen" }],
      does: "Make it",
      act: async ({ name: given = "" }) => {
        await post("/datasets/{name}/refs", { name }, { name: given.trim(), kind, at });
        await refresh();
      },
    });
  const merge = async (branch: string) => {
    try {
      const preview = await get("/datasets/{name}/merge", { name, branch });
      const fits = preview.conflicts.length === 0 && preview.files.length > 0;
      ask({
        title: `Merge ${branch}`,
        text: <Preview preview={preview} />,
        fields: fits ? [{ name: "message", label: "What changed, and why", placeholder: `merge ${branch}` }] : [],
        does: fits ? "Merge" : "Close",
        act: async ({ message = "" }) => {
          if (!fits) return;
          const done = await post("/datasets/{name}/merge", { name }, { branch, message });
          toast(done.outcome === "rejected" ? `${done.version?.reference} breaks the contract and was not published` : `${done.version?.reference} has ${branch}`);
          await refresh();
        },
      });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error));
    }
  };
  const drop = (entry: DataRef) =>
    ask({
      title: `Remove ${entry.name}`,
      text: `The name goes; the versions stay and are found by their commits (${entry.version.commit.slice(0, 12)}).`,
      fields: [],
      does: "Remove",
      danger: true,
      act: async () => {
        await remove("/datasets/{name}/refs/{ref}", { name, ref: entry.name });
        await refresh();
      },
    });

  return (
    <Panel
      title="Branches"
      tools={
        <span className="row gap4">
          <button type="button" className="btn" onClick={() => make("branch")}>
            New branch
          </button>
          <button type="button" className="btn" onClick={() => make("tag")}>
            New tag
          </button>
        </span>
      }
    >
      <Loaded query={query}>
        {(refs) => (
          <div className="scroll">
            <table className="t">
              <tbody>
                {refs.items.map((entry) => (
                  <tr key={entry.name}>
                    <td>
                      <span className="row gap4">
                        <To className="mono cut" href={paths.data(name, entry.name)} title={entry.name}>
                          {entry.name}
                        </To>
                        {entry.kind === "tag" && <span className="tag">tag</span>}
                      </span>
                    </td>
                    <td className="ink3">
                      {entry.version.state === "rejected" ? <Status state="rejected" /> : entry.version.number ? <span className="mono">{refOf(entry.version)}</span> : <When ms={entry.updated_ms} />}
                    </td>
                    <td>
                      {entry.name !== "main" && (
                        <span className="row gap4 end">
                          {entry.kind === "branch" && (
                            <button type="button" className="btn" aria-label={`Merge ${entry.name}`} onClick={() => void merge(entry.name)}>
                              Merge
                            </button>
                          )}
                          <button type="button" className="btn quiet icon" aria-label={`Remove ${entry.name}`} title="Remove the name" onClick={() => drop(entry)}>
                            <Icon name="trash" size={14} />
                          </button>
                        </span>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      {question && <Ask question={question} close={() => ask(null)} />}
    </Panel>
  );
}
