/** A graph of steps: laid out in a worker, drawn as SVG, top-down where the pane is narrow, letters never under 11 px. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Tone } from "./status";

export interface GraphNode {
  id: string;
  name: string;
  sub?: string;
  glyph?: string;
  tone?: Tone;
  kind?: "step" | "data";
}

export interface LayoutRequest {
  nodes: string[];
  edges: [string, string][];
  down: boolean;
  width: number;
  height: number;
}

export interface LayoutResult {
  /** Width of a box. */
  box: number;
  width: number;
  height: number;
  nodes: Record<string, { x: number; y: number }>;
  edges: { from: string; to: string; points: { x: number; y: number }[] }[];
}

/** Boxes are narrower where the graph runs downwards, so that two stand side by side on a telephone. */
const widthOf = (down: boolean) => (down ? 140 : 168);
const HEIGHT = 46;
/** Below this width the graph runs downwards. */
const NARROW = 760;

interface Point {
  x: number;
  y: number;
}

/** From the middle of one side to the middle of the other, by way of the layout's inner points. */
function curve(points: Point[], from: Point, to: Point, down: boolean): string {
  const start = down ? { x: from.x, y: from.y + HEIGHT / 2 } : { x: from.x + widthOf(false) / 2, y: from.y };
  const end = down ? { x: to.x, y: to.y - HEIGHT / 2 } : { x: to.x - widthOf(false) / 2, y: to.y };
  return through([start, ...(points.length > 3 ? points.slice(1, -1) : []), end], down);
}

function through(points: Point[], down: boolean): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${first.x} ${first.y}`;
  let from = first;
  for (const to of rest) {
    const mid = down ? (from.y + to.y) / 2 : (from.x + to.x) / 2;
    path += down ? `C${from.x} ${mid} ${to.x} ${mid} ${to.x} ${to.y}` : `C${mid} ${from.y} ${mid} ${to.y} ${to.x} ${to.y}`;
    from = to;
  }
  return path;
}

/** About the height that the layout will need, so that nothing below moves when it arrives. */
export function height(nodes: readonly GraphNode[], edges: readonly [string, string][], down: boolean): number {
  const rank = new Map(nodes.map((n) => [n.id, 0]));
  for (let round = 0; round < nodes.length; round += 1) for (const [a, b] of edges) rank.set(b, Math.max(rank.get(b) ?? 0, (rank.get(a) ?? 0) + 1));
  const sizes = new Map<number, number>();
  for (const r of rank.values()) sizes.set(r, (sizes.get(r) ?? 0) + HEIGHT + 20);
  // An edge that passes by a rank takes room there as well.
  for (const [a, b] of edges) for (let r = (rank.get(a) ?? 0) + 1; r < (rank.get(b) ?? 0); r += 1) sizes.set(r, (sizes.get(r) ?? 0) + 20);
  return (down ? sizes.size * (HEIGHT + 32) - 32 : Math.max(0, ...sizes.values()) - 20) + 36;
}

const cut = (text: string, max: number) => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

export function Graph({ nodes, edges, label, selected, onSelect }: { nodes: GraphNode[]; edges: [string, string][]; label: string; selected?: string; onSelect?: (id: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const worker = useRef<Worker | null>(null);
  /** Unknown until the pane is measured, which is before the first paint. */
  const [measured, setDown] = useState<boolean | null>(null);
  const down = measured ?? false;
  const [layout, setLayout] = useState<LayoutResult | null>(null);
  const shape = useMemo(() => JSON.stringify([nodes.map((n) => n.id), edges]), [nodes, edges]);
  useLayoutEffect(() => setDown((box.current?.clientWidth ?? NARROW) < NARROW), []);
  useEffect(() => {
    const made = new Worker(new URL("./graph.worker.ts", import.meta.url), { type: "module" });
    made.onmessage = (event: MessageEvent<LayoutResult>) => setLayout(event.data);
    worker.current = made;
    const watch = new ResizeObserver(([entry]) => entry && setDown(entry.contentRect.width < NARROW));
    if (box.current) watch.observe(box.current);
    return () => {
      made.terminate();
      watch.disconnect();
    };
  }, []);
  useEffect(() => {
    if (measured === null) return;
    const [ids, links] = JSON.parse(shape) as [string[], [string, string][]];
    const known = new Set(ids);
    const request: LayoutRequest = { nodes: ids, edges: links.filter(([a, b]) => known.has(a) && known.has(b)), down: measured, width: widthOf(measured), height: HEIGHT };
    worker.current?.postMessage(request);
  }, [shape, measured]);
  const room = useMemo(() => height(nodes, edges, down), [nodes, edges, down]);
  const ready = layout && layout.box === widthOf(down) && nodes.every((n) => layout.nodes[n.id]);
  return (
    <div className="graph" ref={box} style={{ minHeight: room }} role="group" aria-label={label} tabIndex={0}>
      {ready && (
        <svg width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`}>
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0 .5 7.5 4 0 7.5Z" className="arrowhead" />
            </marker>
          </defs>
          {layout.edges.map(({ from, to, points }) => {
            const [a, b] = [layout.nodes[from], layout.nodes[to]];
            return a && b ? <path key={`${from} ${to}`} className="edge" d={curve(points, a, b, down)} markerEnd="url(#arrow)" /> : null;
          })}
          {nodes.map((node) => {
            const place = layout.nodes[node.id];
            if (!place) return null;
            return <NodeBox key={node.id} node={node} x={place.x} y={place.y} width={layout.box} on={selected === node.id} onSelect={onSelect} />;
          })}
        </svg>
      )}
    </div>
  );
}

function NodeBox({ node, x, y, width, on, onSelect }: { node: GraphNode; x: number; y: number; width: number; on: boolean; onSelect?: (id: string) => void }) {
  const pick = onSelect && node.kind !== "data" ? () => onSelect(node.id) : undefined;
  return (
    <g
      className={`node ${node.kind === "data" ? "data" : ""} ${node.tone ? `n-${node.tone}` : ""} ${on ? "on" : ""}`}
      transform={`translate(${x - width / 2} ${y - HEIGHT / 2})`}
      {...(pick ? { role: "button", tabIndex: 0, "aria-pressed": on, "aria-label": `${node.name}: ${node.sub ?? ""}`, onClick: pick, onKeyDown: (e: React.KeyboardEvent) => (e.key === "Enter" || e.key === " ") && pick() } : {})}
    >
      <title>{`${node.name}${node.sub ? `: ${node.sub}` : ""}`}</title>
      <rect width={width} height={HEIGHT} rx="6" />
      <text x="12" y="19">
        {cut(node.name, Math.floor(width / 7.6))}
      </text>
      <text x="12" y="35" className="sub">
        {node.glyph && <tspan>{`${node.glyph} `}</tspan>}
        {cut(node.sub ?? "", Math.floor(width / 6.7))}
      </text>
    </g>
  );
}
