/** Lays a graph out away from the page's thread. */
import dagre from "@dagrejs/dagre";
import type { LayoutRequest, LayoutResult } from "./graph";

self.onmessage = (event: MessageEvent<LayoutRequest>) => {
  const { nodes, edges, down, width, height } = event.data;
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: down ? "TB" : "LR", nodesep: 20, ranksep: down ? 32 : 44, marginx: 4, marginy: 4 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const id of nodes) g.setNode(id, { width, height });
  for (const [from, to] of edges) g.setEdge(from, to);
  dagre.layout(g);
  const size = g.graph() as { width?: number; height?: number };
  const result: LayoutResult = {
    box: width,
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: Object.fromEntries(nodes.map((id) => [id, { x: g.node(id).x, y: g.node(id).y }])),
    edges: edges.map(([from, to]) => ({ from, to, points: (g.edge(from, to) as { points: { x: number; y: number }[] }).points })),
  };
  self.postMessage(result);
};
