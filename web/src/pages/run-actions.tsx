/** What can be done with a run: rename, register its model, delete with undo, restore. */
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { patch, post, put, remove as discard } from "../api/client";
import { useModels, useRunLinks } from "../api/queries";
import type { Run, RunLinks } from "../api/types";
import { paths } from "../lib/paths";
import { shortId } from "../lib/format";
import { toast } from "../lib/store";
import { Ask, type Question } from "../ui/ask";
import { To } from "../ui/bits";
import { Icon } from "../ui/icons";

export function useRunChanges(id: string) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.includes("run") ?? false });
  const told = (error: unknown) => toast(error instanceof Error ? error.message : String(error));
  const restore = async () => {
    try {
      await post("/runs/{id}/restore", { id });
      toast("The run is back");
      await refresh();
    } catch (error) {
      told(error);
    }
  };
  const remove = async (name: string) => {
    try {
      await discard("/runs/{id}", { id });
      toast(`Deleted ${name}`, { label: "Undo", run: () => void restore() });
      await refresh();
    } catch (error) {
      told(error);
    }
  };
  const rename = async (name: string) => {
    await patch("/runs/{id}", { id }, { name });
    await refresh();
  };
  const tag = async (key: string, value: string | null) => {
    await put("/runs/{id}/tags", { id }, { key, value });
    await refresh();
  };
  return { restore, remove, rename, tag };
}

/** What can be registered: models that were logged, and folders of older clients. */
function sources(run: Run | undefined, links: RunLinks | undefined): { name: string; source: string }[] {
  const logged = (links?.models ?? []).filter((model) => model.status === "ready").map((model) => ({ name: model.name, source: `models:/${model.id}` }));
  if (logged.length > 0 || !run) return logged;
  try {
    const history = JSON.parse(run.tags["mlflow.log-model.history"] ?? "[]") as { artifact_path?: string }[];
    return history.flatMap((one) => (one.artifact_path ? [{ name: one.artifact_path, source: `runs:/${run.id}/${one.artifact_path}` }] : []));
  } catch {
    return [];
  }
}

/** The buttons are there from the start, so that none pushes the others aside when the run arrives. */
export function RunActions({ id, run }: { id: string; run: Run | undefined }) {
  const [question, ask] = useState<Question | null>(null);
  const links = useRunLinks(id);
  const models = useModels();
  const router = useRouter();
  const client = useQueryClient();
  const { rename, remove, restore } = useRunChanges(id);
  const name = run?.name || shortId(id);
  if (links.data?.deleted) {
    return (
      <button type="button" className="btn" onClick={() => void restore()}>
        <Icon name="undo" size={14} /> Restore
      </button>
    );
  }
  const made = sources(run, links.data);
  const register = () => {
    ask({
      title: "Register a model",
      text: "It becomes the next version of a model; a name that is new makes a model.",
      fields: [
        { name: "model", label: "Model", required: true, free: true, choices: (models.data?.items ?? []).map((m) => m.name), placeholder: "flights" },
        ...(made.length > 1 ? [{ name: "logged", label: "Which of its models", choices: made.map((m) => m.name) }] : []),
        { name: "description", label: "What it is", area: true },
      ],
      does: "Register",
      act: async ({ model = "", logged, description = "" }) => {
        const source = made.find((m) => m.name === logged) ?? made[0];
        const version = await post("/models/{name}/versions", { name: model.trim() }, { source: source?.source ?? "", run: id, description });
        void client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.some((n) => n === "model" || n === "run") ?? false });
        toast(`${version.name}:${version.version} is registered`, { label: "Open", run: () => router.history.push(paths.model(version.name, version.version)) });
      },
    });
  };
  return (
    <>
      <To className="btn" href={paths.compare([id])}>
        Compare
      </To>
      <button type="button" className="btn" disabled={made.length === 0} title={made.length === 0 ? "This run has logged no model" : undefined} onClick={register}>
        Register model
      </button>
      <button
        type="button"
        className="btn"
        disabled={!run}
        onClick={() => ask({ title: `Rename ${name}`, fields: [{ name: "name", label: "Name", value: run?.name ?? "", required: true }], does: "Rename", act: ({ name: next = "" }) => rename(next.trim()) })}
      >
        <Icon name="edit" size={14} /> Rename
      </button>
      <button type="button" className="btn" disabled={!run} onClick={() => void remove(name)} title="It can be restored">
        <Icon name="trash" size={14} /> Delete
      </button>
      {question && <Ask question={question} close={() => ask(null)} />}
    </>
  );
}
