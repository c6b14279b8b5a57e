/** The contract of a data set: its rules in words, how every version fared, and a try on what there is. */
import { useMutation } from "@tanstack/react-query";
import { post } from "../api/client";
import { useContract, useContractHistory } from "../api/queries";
import type { Contract, DataVersion } from "../api/types";
import { count, exact, plural } from "../lib/format";
import { Panel, To } from "../ui/bits";
import { Empty, Fault, Loaded, useSettled } from "../ui/state";
import { Glyph, Status } from "../ui/status";
import { ViolationsPanel } from "./dataset-parts";

/** How a check ended, as a state with a shape and a colour. */
const OUTCOMES: Record<string, [state: string, word: string]> = {
  kept: ["ok", "kept"],
  warned: ["warned", "kept, with warnings"],
  blocked: ["blocked", "refused"],
  unchecked: ["none", "no contract then"],
};

function Rules({ contract }: { contract: Contract }) {
  return (
    <Panel title="Rules" tools={plural(contract.rules, "rule")}>
      <div className="scroll">
        <table className="t">
          <thead>
            <tr>
              <th>column</th>
              <th>what holds</th>
              <th>if not</th>
            </tr>
          </thead>
          <tbody>
            {contract.words.map((rule) => (
              <tr key={`${rule.column ?? ""} ${rule.rule} ${rule.says}`}>
                <td className="mono">{rule.column ?? <span className="ink3">the table</span>}</td>
                <td className="wrap">{rule.says}</td>
                <td className="ink2">{rule.severity === "block" ? "refused" : "a warning"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** One square for each version, the newest last. */
function History({ query }: { query: ReturnType<typeof useContractHistory> }) {
  return (
    <Panel title="How the versions fared">
      <Loaded query={query}>
        {(checks) => (
          <ol className="checks pad">
            {[...checks.items].reverse().map((check) => {
              const [state, word] = OUTCOMES[check.outcome] ?? ["none", check.outcome];
              const findings = check.violations.length ? `, ${plural(check.violations.length, "finding")}` : "";
              return (
                <li key={`${check.version} ${check.time_ms}`}>
                  <To href={`/data/${check.version}?tab=contract`} className="check" title={`${check.version}: ${word}${findings}, ${exact(check.time_ms)}`}>
                    <Glyph state={state} />
                    <span className="sr">
                      {check.version}: {word}
                      {findings}
                    </span>
                  </To>
                </li>
              );
            })}
          </ol>
        )}
      </Loaded>
    </Panel>
  );
}

/** What the contract says to every version, tried when somebody asks: it reads them all. */
function Trials({ name }: { name: string }) {
  const run = useMutation({ mutationFn: () => post("/datasets/{name}/contract/test", { name }, {}) });
  return (
    <Panel
      title="Tried on the history"
      tools={
        <button type="button" className="btn" disabled={run.isPending} onClick={() => run.mutate()}>
          {run.isPending ? "Trying…" : "Try on every version"}
        </button>
      }
    >
      {run.isError && <Fault error={run.error} retry={() => run.mutate()} />}
      {run.data && run.data.rules.length > 0 && (
        <ul className="lines">
          {run.data.rules.map((fired) => (
            <li key={`${fired.column ?? ""} ${fired.rule} ${fired.place ?? ""}`}>
              <span className="mono">{[fired.column, fired.rule].filter(Boolean).join(".")}</span>{" "}
              <span className="ink2">
                fired on {count(fired.versions)} of {plural(run.data.items.length, "version")}, first on {fired.first}, last on {fired.last}
              </span>
            </li>
          ))}
        </ul>
      )}
      {run.data && (
        <div className="scroll">
          <table className="t">
            <tbody>
              {run.data.items.map((t) => (
                <tr key={t.version}>
                  <td>
                    <To className="mono" href={`/data/${t.version}`}>{t.version}</To>
                  </td>
                  <td>
                    <Status state={t.passes ? "ok" : "rejected"}>{t.passes ? "kept" : "broken"}</Status>
                  </td>
                  <td className="ink2 wrap">{t.violations.length === 0 ? "no finding" : t.violations.map((v) => <p key={`${v.rule} ${v.message}`}>{v.message}</p>)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!run.data && !run.isError && <p className="pad ink2">Nothing is changed by trying.</p>}
    </Panel>
  );
}

export function ContractPanel({ name, version }: { name: string; version: DataVersion }) {
  const query = useContract(name);
  const history = useContractHistory(name);
  // Squares that came later would push the rules down.
  if (!useSettled(query, history)) return null;
  return (
    <div className="stack gap12">
      {version.violations.length > 0 && <ViolationsPanel violations={version.violations} rejected={version.state === "rejected"} />}
      <Loaded query={query} missing={<Empty title="No contract yet" cli={`volano contract infer ${name} --write`}>A contract is learnt from what is there; batches that break it are kept aside and never reach the model.</Empty>}>
        {(contract) => (
          <>
            <History query={history} />
            <div className="cols two">
              <Rules contract={contract} />
              <div className="stack gap12">
                <Panel
                  title={<span className="mono">{contract.path}</span>}
                  tools={<Status state={version.state === "rejected" ? "rejected" : "ok"}>{version.state === "rejected" ? "broken" : version.violations.length ? "kept, with warnings" : "kept"}</Status>}
                >
                  <pre className="log tall code" tabIndex={0} aria-label="Contract file">
                    {contract.text}
                  </pre>
                </Panel>
                <Trials name={name} />
              </div>
            </div>
          </>
        )}
      </Loaded>
    </div>
  );
}
