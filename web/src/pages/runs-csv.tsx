/** All runs that match, with the columns that are shown, as a CSV file. */
import { useEffect, useRef, useState } from "react";
import { post } from "../api/client";
import type { RunSearch } from "../api/types";
import { csvColumns, csvLine, csvName } from "../lib/csv";
import { count, plural } from "../lib/format";
import { quoted } from "../lib/run-facts";
import { asked, type ColumnAt } from "../lib/runs-view";
import { toast } from "../lib/store";
import { Cli } from "../ui/bits";
import { Dialog } from "../ui/dialogs";
import { Fault } from "../ui/state";
import { Close } from "./runs-tools";

/** Runs of one request. */
const PAGE = 2_000;

interface Wanted {
  experiment: string;
  filter: string | undefined;
  order: string;
  columns: readonly ColumnAt[];
  experimentName: (number: string) => string;
}

/** The whole file, page by page of one list: runs that are made meanwhile are not in it. */
async function fetchCsv({ experiment, filter, order, columns, experimentName }: Wanted, told: (runs: number) => void, signal: AbortSignal): Promise<{ file: Blob; runs: number }> {
  const cells = csvColumns(columns, experimentName);
  const pieces = [csvLine(cells.map(({ title }) => title))];
  const search: RunSearch = { experiment: experiment || undefined, filter, order_by: [order], columns: asked(columns), max_results: PAGE };
  let runs = 0;
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = await post("/runs/search", {}, { ...search, page_token: token }, signal);
    pieces.push(page.items.map((run) => csvLine(cells.map(({ of }) => of(run)))).join(""));
    runs += page.items.length;
    told(runs);
    token = page.next_page_token ?? undefined;
  }
  return { file: new Blob(pieces, { type: "text/csv;charset=utf-8" }), runs };
}

function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken hold of the file by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The command that writes the same runs, to a file of any size. */
function commandFor({ experiment, filter, order, columns }: Wanted): string {
  const keys = [...new Set(["run_id", "name", "status", "start_time", "duration", ...columns.map(({ key }) => key)])];
  // The command takes keys apart at commas: with one in a key, all columns are written.
  const chosen = keys.some((key) => key.includes(",")) ? "" : ` --columns ${quoted(keys.join(","))}`;
  return `volano exp export ${quoted(experiment)}${filter ? ` --filter ${quoted(filter)}` : ""} --order-by ${quoted(order)}${chosen} -o runs.csv`;
}

export function CsvDialog({ total, close, ...wanted }: Wanted & { total: number | undefined; close: () => void }) {
  const running = useRef<AbortController>(undefined);
  const [done, setDone] = useState<number>();
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => () => running.current?.abort(), []);
  const stop = () => {
    running.current?.abort();
    running.current = undefined;
    setDone(undefined);
  };
  const start = async () => {
    const control = new AbortController();
    running.current = control;
    setFault(null);
    setDone(0);
    try {
      const { file, runs } = await fetchCsv(wanted, (so) => !control.signal.aborted && setDone(so), control.signal);
      if (control.signal.aborted) return;
      save(file, csvName(wanted.experiment, new Date()));
      toast(`${plural(runs, "run")} saved as CSV`);
      close();
    } catch (error) {
      if (control.signal.aborted) return;
      stop();
      setFault(error);
    }
  };
  const most = Math.max(total ?? 0, done ?? 0);
  return (
    <Dialog className="card" label="Runs as CSV" close={close}>
      <header>
        <h2>Runs as CSV</h2>
        <Close close={close} />
      </header>
      <div className="picks">
        <p>
          {total === undefined ? "All runs that match" : `${plural(total, "run")} that match`}, in this order: id, name, state, start, duration and the {plural(wanted.columns.length, "column")} shown.
        </p>
        {fault !== null && <Fault error={fault} title="The file was not made" />}
        {done === undefined ? (
          <button autoFocus type="button" className="btn primary" onClick={() => void start()}>
            Download
          </button>
        ) : (
          <div className="row">
            <progress className="grow" aria-label="Runs fetched" max={most || 1} value={done} />
            <span role="status" className="keep ink2">{`${count(done)} of ${plural(most, "run")}`}</span>
            <button autoFocus type="button" className="btn" onClick={stop}>
              Cancel
            </button>
          </div>
        )}
        <p className="ink2">{wanted.experiment ? "In a terminal, also as Parquet:" : "With one experiment chosen, the same can be done in a terminal:"}</p>
        <Cli line={wanted.experiment ? commandFor(wanted) : "volano exp export EXPERIMENT -o runs.csv"} />
      </div>
    </Dialog>
  );
}
