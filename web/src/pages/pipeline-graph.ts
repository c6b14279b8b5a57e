/** A pipeline's steps as a graph: sources, steps, and how they stand. */
import type { GraphStep, StepRun } from "../api/types";
import { plural, words } from "../lib/format";
import type { GraphNode } from "../ui/graph";
import { glyphs, toneOf, type Tone } from "../ui/status";

/** The worst of a step's units speaks for the step. */
const RANK = ["failed", "running", "claimed", "ready", "cancelled", "succeeded", "restored", "skipped"];

export function standing(units: readonly StepRun[]): { state: string; sub: string } | undefined {
  if (units.length === 0) return undefined;
  const state = RANK.find((s) => units.some((u) => u.state === s)) ?? units[0]?.state ?? "waiting";
  if (units.length === 1) return { state, sub: words(state) };
  const kept = units.filter((u) => u.state === "skipped" || u.state === "restored").length;
  if (state === "succeeded" && kept > 0) return { state, sub: `${units.length - kept} made, ${kept} kept` };
  const same = units.filter((u) => u.state === state).length;
  return { state, sub: same === units.length ? `${words(state)}, ${plural(units.length, "unit")}` : `${same} of ${units.length} ${words(state)}` };
}

/** A step that is ready waits: only a deployment that is ready is well. */
export const stepTone = (state: string): Tone => (state === "ready" ? "idle" : toneOf(state));

/** Nodes and edges; `rest` is said of steps that have no unit yet where others have; an input is `data.NAME` or `STEP.OUTPUT`, a part after `@` left out. */
export function graphOf(steps: readonly GraphStep[], units: readonly StepRun[] = [], rest = ""): { nodes: GraphNode[]; edges: [string, string][] } {
  const known = new Set(steps.map((s) => s.name));
  const sources = new Set<string>();
  const edges: [string, string][] = [];
  for (const step of steps) {
    const from = new Set<string>();
    for (const input of step.inputs) {
      const [head = "", tail = ""] = (input.split("@")[0] ?? "").split(".");
      if (head === "data") {
        sources.add(tail);
        from.add(`data.${tail}`);
      } else if (known.has(head)) from.add(head);
    }
    for (const id of from) edges.push([id, step.name]);
  }
  const nodes: GraphNode[] = [...sources].map((name) => ({ id: `data.${name}`, name, sub: "data", kind: "data" }));
  for (const step of steps) {
    const at = standing(units.filter((u) => u.step === step.name));
    nodes.push(at ? { id: step.name, name: step.name, sub: at.sub, glyph: glyphs[stepTone(at.state)], tone: stepTone(at.state) } : { id: step.name, name: step.name, sub: units.length > 0 && rest ? rest : step.kind, glyph: units.length > 0 && rest ? glyphs.idle : undefined });
  }
  return { nodes, edges };
}
