/** A question before something changes: a few fields, one button that does it, one that does not. */
import { useId, useState, type ReactNode } from "react";
import { Icon } from "./icons";
import { Dialog } from "./dialogs";

export interface Field {
  name: string;
  label: string;
  value?: string;
  placeholder?: string;
  /** It must be filled before the button works. */
  required?: boolean;
  /** Several lines. */
  area?: boolean;
  /** What it may be: a list to choose from, or suggestions when `free`. */
  choices?: readonly string[];
  free?: boolean;
  secret?: boolean;
}

export interface Question {
  title: string;
  text?: ReactNode;
  fields: Field[];
  /** What the button says. */
  does: string;
  danger?: boolean;
  /** Resolves when it is done; its error is shown and the dialog stays. */
  act: (values: Record<string, string>) => Promise<unknown>;
}

function Input({ field, value, change, first }: { field: Field; value: string; change: (value: string) => void; first: boolean }) {
  const id = useId();
  const common = { id, value, required: field.required, placeholder: field.placeholder, autoFocus: first };
  return (
    <div className="stack">
      <label htmlFor={id} className="small ink2">
        {field.label}
        {field.required && <span className="ink3"> (required)</span>}
      </label>
      {field.choices && !field.free ? (
        <select className="select" {...common} onChange={(e) => change(e.target.value)}>
          {field.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : field.area ? (
        <textarea className="area" rows={3} {...common} onChange={(e) => change(e.target.value)} />
      ) : (
        <input className="input" type={field.secret ? "password" : "text"} autoComplete={field.secret ? "new-password" : "off"} list={field.free ? `${id}-list` : undefined} {...common} onChange={(e) => change(e.target.value)} />
      )}
      {field.free && (
        <datalist id={`${id}-list`}>
          {field.choices?.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
    </div>
  );
}

export function Ask({ question, close }: { question: Question; close: () => void }) {
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(question.fields.map((f) => [f.name, f.value ?? (f.free ? "" : (f.choices?.[0] ?? ""))])));
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const missing = question.fields.some((f) => f.required && !values[f.name]?.trim());
  const act = async () => {
    setBusy(true);
    setFault("");
    try {
      await question.act(values);
      close();
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog className="card ask" label={question.title} close={close}>
      <header>
        <h2>{question.title}</h2>
        <button type="button" className="btn quiet icon" aria-label="Close" onClick={close}>
          <Icon name="close" size={14} />
        </button>
      </header>
      <form
        className="pad stack gap12"
        onSubmit={(event) => {
          event.preventDefault();
          if (!missing && !busy) void act();
        }}
      >
        {question.text && <div className="ink2 wrap">{question.text}</div>}
        {question.fields.map((field, i) => (
          <Input key={field.name} field={field} first={i === 0} value={values[field.name] ?? ""} change={(value) => setValues({ ...values, [field.name]: value })} />
        ))}
        {fault && (
          <p className="bad wrap" role="alert">
            {fault}
          </p>
        )}
        <div className="row end">
          <button type="button" className="btn" onClick={close}>
            Cancel
          </button>
          <button type="submit" className={`btn ${question.danger ? "danger" : "primary"}`} disabled={missing || busy}>
            {question.does}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
