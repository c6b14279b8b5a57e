/** What stands in the cells of the list of runs, for runs and for groups of them. */
import type { Run, RunGroup } from "../api/types";
import { slotOf } from "../lib/color";
import { figure, plural, words } from "../lib/format";
import { paths } from "../lib/paths";
import { isGroup, type Row } from "../lib/run-groups";
import { headOf, parts, sortable, valueOf, widthOf, type ColumnAt } from "../lib/runs-view";
import { To, When } from "../ui/bits";
import { Glyph } from "../ui/status";
import type { WideColumn } from "../ui/window-grid";

const SELECT_WIDTH = 34;
const NAME_WIDTH = 200;
/** With room for what opens a row, and for a group's number of runs, where the window has it. */
const treeWidth = () => Math.max(NAME_WIDTH, Math.min(280, Math.round(innerWidth * 0.3)));

interface Shown {
  columns: readonly ColumnAt[];
  experimentName: (number: string) => string;
  selected: ReadonlySet<string>;
  select: (run: Run) => void;
  /** What the runs are gathered by. */
  group: string;
  nested: boolean;
}

/** What the runs of a group share. */
function Shared({ by, value, experimentName }: { by: string; value: string | null; experimentName: (number: string) => string }) {
  if (value === null) return <span className="cut ink2">{`no ${headOf(by)}`}</span>;
  if (value === "") return <span className="cut ink2">{`an empty ${headOf(by)}`}</span>;
  const text = by === "experiment" ? experimentName(value) : by === "status" ? words(value.toLowerCase()) : value;
  return (
    <>
      {by === "status" && <Glyph state={value} />}
      <span className="cut strong" title={`${headOf(by)} ${text}`}>
        {text}
      </span>
    </>
  );
}

function Spread({ group, name }: { group: RunGroup; name: string }) {
  const spread = group.metrics[name];
  if (!spread) return "–";
  const ends = `mean of ${plural(spread.runs, "run")}, from ${figure(spread.min)} to ${figure(spread.max)}`;
  return (
    <span title={ends}>
      {figure(spread.mean)}
      <span className="sr">{`, ${ends}`}</span>
    </span>
  );
}

function Name({ run, nested, indented }: { run: Run; nested: boolean; indented: boolean }) {
  return (
    <span className="row gap4">
      {indented && <span className={run.children ? "twig" : "twig none"} aria-hidden="true" />}
      <Glyph state={run.status} />
      <span className={`dot s${slotOf(run.id)}`} aria-hidden="true" />
      <To href={paths.run(run.id)} tabIndex={-1} className="cut" title={`${run.name} ${run.id}`}>
        {run.name || run.id.slice(24)}
      </To>
      {nested && !!run.children && (
        <span className="ink3 keep" title={`started ${plural(run.children, "run")}`}>
          <span className="sr">, started </span>
          {plural(run.children, "run")}
        </span>
      )}
    </span>
  );
}

export function columnsFor({ columns, experimentName, selected, select, group, nested }: Shown): WideColumn<Row>[] {
  const tree = group !== "" || nested;
  return [
    {
      key: "select",
      head: <span className="sr">selected</span>,
      width: SELECT_WIDTH,
      left: 0,
      cell: (row) => (isGroup(row) ? null : <input type="checkbox" className="check" tabIndex={-1} aria-label={`select ${row.name}`} checked={selected.has(row.id)} onChange={() => select(row)} />),
    },
    {
      key: "name",
      head: "run",
      width: tree ? treeWidth() : NAME_WIDTH,
      left: SELECT_WIDTH,
      sortable: true,
      cell: (row) =>
        isGroup(row) ? (
          <span className="row gap4">
            <span className="twig" aria-hidden="true" />
            <Shared by={group} value={row.value ?? null} experimentName={experimentName} />
            <span className="ink3 keep">{plural(row.runs, "run")}</span>
          </span>
        ) : (
          <Name run={row} nested={nested} indented={tree} />
        ),
    },
    ...columns.map((column): WideColumn<Row> => {
      const { key } = column;
      const { kind, name } = parts(key);
      const num = key === "duration" || kind === "metrics";
      const text = (run: Run) => valueOf(run, key, experimentName);
      const own = key === "start_time" ? (run: Run) => <When ms={run.start_ms} /> : num ? text : (run: Run) => <span title={text(run)}>{key === "run_id" ? run.id.slice(24) : text(run)}</span>;
      const cell = (row: Row) => (isGroup(row) ? kind === "metrics" ? <Spread group={row} name={name} /> : null : own(row));
      return { key, head: headOf(key), title: key, width: widthOf(column), num, sortable: sortable(key), own: true, cell };
    }),
  ];
}
