/** The palette and the key list, as native dialogs: the browser holds focus and Escape. */
import { useRouter } from "@tanstack/react-router";
import { useEffect, useId, useMemo, useRef, useState, type ReactNode } from "react";
import { useDatasets, useDeployments, useModels, usePipelines, useRunSearch } from "../api/queries";
import { shortId } from "../lib/format";
import { bindings } from "../lib/keys";
import { toggleTheme } from "../lib/settings";
import { cliLine, copy } from "../lib/store";
import { paths } from "../lib/paths";
import { Icon } from "./icons";
import { rooms } from "./rooms";

export function Dialog({ className, label, close, children }: { className: string; label: string; close: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={className}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === ref.current) close();
      }}
    >
      {children}
    </dialog>
  );
}

interface Entry {
  kind: string;
  text: string;
  note?: string;
  run: () => void;
}

/** Most entries shown at once; typing narrows the rest down. */
const SHOWN = 40;

function useEntries(go: (href: string) => void): Entry[] {
  const datasets = useDatasets();
  const models = useModels();
  const deployments = useDeployments();
  const pipelines = usePipelines();
  const runs = useRunSearch({ max_results: 200 });
  return useMemo(
    () => [
      ...rooms.map((room) => ({ kind: "page", text: room.name, note: `g ${room.key}`, run: () => go(room.path) })),
      { kind: "page", text: "Experiments", run: () => go("/experiments") },
      { kind: "page", text: "Traces", run: () => go("/traces") },
      { kind: "page", text: "Settings", run: () => go("/settings") },
      ...(pipelines.data?.items ?? []).map((p) => ({ kind: "pipeline", text: p.name, run: () => go(paths.pipeline(p.name)) })),
      ...(datasets.data?.items ?? []).map((d) => ({ kind: "data", text: d.name, run: () => go(paths.data(d.name)) })),
      ...(models.data?.items ?? []).map((m) => ({ kind: "model", text: m.name, run: () => go(paths.model(m.name)) })),
      ...(deployments.data?.items ?? []).map((d) => ({ kind: "deployment", text: d.name, run: () => go(paths.deploy(d.name)) })),
      ...(deployments.data?.items ?? []).map((d) => ({ kind: "monitoring", text: d.name, run: () => go(paths.monitor(d.name)) })),
      ...(runs.data?.items ?? []).map((r) => ({ kind: "run", text: r.name || shortId(r.id), note: shortId(r.id), run: () => go(paths.run(r.id)) })),
      { kind: "command", text: "Light or dark theme", note: "t", run: toggleTheme },
      { kind: "command", text: "Copy the command of this view", note: ".", run: () => void copy(cliLine.get()) },
    ],
    [datasets.data, models.data, deployments.data, pipelines.data, runs.data, go],
  );
}

export function Palette({ close }: { close: () => void }) {
  const router = useRouter();
  const list = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const go = useMemo(() => (href: string) => router.history.push(href), [router]);
  const entries = useEntries(go);
  const wanted = text.trim().toLowerCase();
  const asId: Entry[] = /^[0-9a-f]{32}$/.test(wanted)
    ? [
        { kind: "trace", text: wanted, note: "prediction", run: () => go(paths.trace(wanted)) },
        { kind: "run", text: wanted, note: "run", run: () => go(paths.run(wanted)) },
        { kind: "pipeline run", text: wanted, run: () => go(paths.pipelineRun(wanted)) },
      ]
    : [];
  const parts = wanted.split(/\s+/).filter(Boolean);
  const hits = [...asId, ...entries.filter((e) => parts.every((p) => `${e.kind} ${e.text} ${e.note ?? ""}`.toLowerCase().includes(p)))].slice(0, SHOWN);
  const chosen = Math.min(at, hits.length - 1);
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    entry.run();
  };
  useEffect(() => {
    document.getElementById(`${list}-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen, list]);
  return (
    <Dialog className="palette" label="Jump to" close={close}>
      <input
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={hits.length ? `${list}-${chosen}` : undefined}
        aria-label="Page, run, model, data set, or a prediction's id"
        placeholder="Page, run, model, data set, or a prediction's id"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step) {
            event.preventDefault();
            setAt((chosen + step + hits.length) % Math.max(hits.length, 1));
          } else if (event.key === "Enter") {
            event.preventDefault();
            choose(hits[chosen]);
          }
        }}
      />
      <ul id={list} role="listbox" aria-label="Matches">
        {hits.map((entry, index) => (
          <li key={`${entry.kind} ${entry.text} ${entry.note ?? ""}`} id={`${list}-${index}`} role="option" aria-selected={index === chosen} onMouseMove={() => setAt(index)} onClick={() => choose(entry)}>
            <span className="kind">{entry.kind}</span>
            <span className="grow cut" title={entry.text}>{entry.text}</span>
            {entry.note && <span className="mono ink3">{entry.note}</span>}
          </li>
        ))}
      </ul>
      {hits.length === 0 && <p className="empty ink2">Nothing here is called “{text}”.</p>}
    </Dialog>
  );
}

const nice: Record<string, string> = { "ctrl+k": "Ctrl K", ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };

export function Help({ close }: { close: () => void }) {
  const groups = useMemo(() => {
    const out = new Map<string, ReturnType<typeof bindings>>();
    for (const binding of bindings()) {
      if (!binding.label) continue;
      const group = binding.group ?? "On this page";
      out.set(group, [...(out.get(group) ?? []), binding]);
    }
    return [...out];
  }, []);
  return (
    <Dialog className="card" label="Keys" close={close}>
      <header>
        <h1>Keys</h1>
        <button type="button" className="btn quiet icon" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div className="pad stack gap12">
        {groups.map(([group, list]) => (
          <section key={group}>
            <h3>{group}</h3>
            <div className="keys">
              {list.map((b) => (
                <div key={b.keys}>
                  <span>{b.label}</span>
                  <span className="k">
                    {(nice[b.keys] ?? b.keys).split(" ").map((k) => (
                      <kbd key={k}>{k}</kbd>
                    ))}
                  </span>
                </div>
              ))}
            </div>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
