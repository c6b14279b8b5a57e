/** Tags that are read, set and removed in place. */
import { useState } from "react";
import { toast } from "../lib/store";
import { Panel } from "./bits";
import { Icon } from "./icons";

/** Tags that clients and the platform write for machines. */
export const isMachine = (key: string) => key.startsWith("mlflow.") || key.startsWith("volano.");

function Row({ name, value, put }: { name: string; value: string; put: (key: string, value: string | null) => Promise<unknown> }) {
  const [draft, setDraft] = useState<string | null>(null);
  const [saving, setSaving] = useState(false);
  // Enter saves, and leaving the field does too: once, whichever comes first.
  const save = async () => {
    if (draft === null || saving) return;
    setSaving(true);
    if (draft !== value) await put(name, draft);
    setSaving(false);
    setDraft(null);
  };
  return (
    <tr>
      <td className="ink2 wrap">{name}</td>
      <td className="mono wrap">
        {draft === null ? (
          value
        ) : (
          <input
            className="input code"
            aria-label={`Value of ${name}`}
            value={draft}
            autoFocus
            onChange={(e) => setDraft(e.target.value)}
            onBlur={() => void save()}
            onKeyDown={(e) => {
              if (e.key === "Enter") void save();
              if (e.key === "Escape") setDraft(null);
            }}
          />
        )}
      </td>
      <td className="end keep">
        <button type="button" className="btn quiet icon" aria-label={`Change ${name}`} title="Change" onClick={() => setDraft(value)}>
          <Icon name="edit" size={14} />
        </button>
        <button type="button" className="btn quiet icon" aria-label={`Remove ${name}`} title="Remove" disabled={saving} onClick={() => void put(name, null)}>
          <Icon name="close" size={12} />
        </button>
      </td>
    </tr>
  );
}

/** `put` sets a tag, or removes it when the value is null. */
export function Tags({ tags, put, title = "Tags" }: { tags: Record<string, string>; put: (key: string, value: string | null) => Promise<unknown>; title?: string }) {
  const [all, setAll] = useState(false);
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const told = async (name: string, next: string | null) => {
    const before = tags[name];
    try {
      await put(name, next);
      if (next === null) toast(`Removed ${name}`, before === undefined ? undefined : { label: "Undo", run: () => void put(name, before) });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error));
    }
  };
  const entries = Object.entries(tags).filter(([name]) => name !== "mlflow.note.content");
  const own = entries.filter(([name]) => !isMachine(name));
  const machine = entries.length - own.length;
  const shown = all ? entries : own;
  return (
    <Panel
      title={title}
      tools={
        machine > 0 && (
          <button type="button" className="btn quiet" aria-pressed={all} onClick={() => setAll(!all)}>
            {`${machine} system`}
          </button>
        )
      }
    >
      {shown.length > 0 && (
        <table className="t pairs tags">
          <tbody>
            {shown.map(([name, text]) => (
              <Row key={name} name={name} value={text} put={told} />
            ))}
          </tbody>
        </table>
      )}
      <form
        className="pad row addtag"
        onSubmit={(event) => {
          event.preventDefault();
          if (!key.trim()) return;
          void told(key.trim(), value).then(() => {
            setKey("");
            setValue("");
          });
        }}
      >
        <input className="input" aria-label="Key of a new tag" placeholder="key" value={key} onChange={(e) => setKey(e.target.value)} />
        <input className="input code" aria-label="Value of a new tag" placeholder="value" value={value} onChange={(e) => setValue(e.target.value)} />
        <button type="submit" className="btn" disabled={!key.trim()}>
          Add
        </button>
      </form>
    </Panel>
  );
}
