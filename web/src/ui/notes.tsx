/** Notes in Markdown: read, and written beside their preview. */
import { useId, useState } from "react";
import { toast } from "../lib/store";
import { Panel } from "./bits";
import { Icon } from "./icons";
import { Markdown } from "./markdown";

export function Notes({ text, save, title = "Notes", hint }: { text: string; save: (text: string) => Promise<unknown>; title?: string; hint: string }) {
  const [draft, setDraft] = useState<string | null>(null);
  const [preview, setPreview] = useState(false);
  const [busy, setBusy] = useState(false);
  const id = useId();
  const editing = draft !== null;
  const done = async () => {
    if (draft === null) return;
    setBusy(true);
    try {
      await save(draft);
      setDraft(null);
      toast("Saved");
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const edit = () => {
    setPreview(false);
    setDraft(text);
  };
  return (
    <Panel
      title={title}
      tools={
        editing ? (
          <div className="seg" role="group" aria-label="Show">
            {["write", "preview"].map((mode) => (
              <button key={mode} type="button" aria-pressed={(mode === "preview") === preview} onClick={() => setPreview(mode === "preview")}>
                {mode}
              </button>
            ))}
          </div>
        ) : (
          <button type="button" className="btn quiet" aria-label={`Edit ${title.toLowerCase()}`} onClick={edit}>
            <Icon name="edit" size={14} /> Edit
          </button>
        )
      }
    >
      <div className="pad stack gap8">
        {editing ? (
          <>
            {preview ? (
              <Markdown text={draft} />
            ) : (
              <>
                <label htmlFor={id} className="sr">
                  {title} in Markdown
                </label>
                <textarea
                  id={id}
                  className="area"
                  rows={Math.min(20, Math.max(6, draft.split("\n").length + 1))}
                  value={draft}
                  // eslint-disable-next-line jsx-a11y/no-autofocus
                  autoFocus
                  onChange={(e) => setDraft(e.target.value)}
                  onKeyDown={(e) => {
                    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) void done();
                    if (e.key === "Escape" && draft === text) setDraft(null);
                  }}
                />
              </>
            )}
            <div className="row">
              <button type="button" className="btn primary" disabled={busy || draft === text} onClick={() => void done()}>
                Save
              </button>
              <button type="button" className="btn" onClick={() => setDraft(null)}>
                Cancel
              </button>
              <span className="ink3 small">Markdown; HTML stays text. Ctrl Enter saves.</span>
            </div>
          </>
        ) : text.trim() ? (
          <Markdown text={text} />
        ) : (
          <p className="ink2">{hint}</p>
        )}
      </div>
    </Panel>
  );
}
