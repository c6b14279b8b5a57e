/** Serves web/dist under the server's content security policy, and an API of fixtures. */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Problem } from "../src/api/types";
import { answer, problem, type Mode } from "./mock";

const TYPES: Record<string, string> = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8" };
export const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const dist = join(import.meta.dirname, "..", "dist");

async function file(path: string, response: ServerResponse): Promise<void> {
  const wanted = normalize(path);
  for (const name of [wanted, "/index.html"]) {
    try {
      const body = await readFile(join(dist, name));
      response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "content-security-policy": POLICY, "x-content-type-options": "nosniff" });
      response.end(body);
      return;
    } catch {
      // A path of the application: its page is index.html.
    }
  }
  response.writeHead(500).end("run `npm run build` first");
}

async function body(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text ? JSON.parse(text) : undefined;
}

function notices(response: ServerResponse, listeners: Set<ServerResponse>): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": open\n\n");
  listeners.add(response);
  response.on("close", () => listeners.delete(response));
}

const replaced = (body: unknown) => (body === undefined ? problem(503, "The database does not answer", "the write queue is full") : { status: 200, body });

export interface Mock {
  url: string;
  mode: Mode;
  /** What the page sent. */
  sent: { method: string; path: string; body: unknown }[];
  /** Paths that answer with something else than their fixture; undefined: they fail. */
  other: Map<string, unknown>;
  /** Paths that are refused with a problem. */
  refused: Map<string, Problem>;
  /** Tells every page that something changed. */
  notify: (noun: string) => void;
  close: () => Promise<void>;
}

export async function start(mode: Mode = "normal", port = 0): Promise<Mock> {
  const listeners = new Set<ServerResponse>();
  const notify = (noun: string) => {
    for (const to of listeners) to.write(`event: notice\ndata: ${JSON.stringify({ noun, id: "" })}\n\n`);
  };
  const mock: Mock = { url: "", mode, sent: [], other: new Map(), refused: new Map(), notify, close: async () => undefined };
  const server: Server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      if (url.pathname === "/api/v1/notices") return notices(response, listeners);
      if (!/^\/(api|serve)\//.test(url.pathname)) return file(url.pathname, response);
      const sent = await body(request);
      if (request.method !== "GET") mock.sent.push({ method: request.method ?? "", path: url.pathname, body: sent });
      const refusal = mock.refused.get(url.pathname);
      const reply = refusal ? { status: refusal.status, body: refusal } : mock.other.has(url.pathname) ? replaced(mock.other.get(url.pathname)) : answer(mock.mode, request.method ?? "GET", url, sent);
      response.writeHead(reply.status, { "content-type": typeof reply.body === "string" ? "text/plain" : reply.status >= 400 ? "application/problem+json" : "application/json" });
      response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
    })();
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  mock.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  mock.close = () =>
    new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return mock;
}
