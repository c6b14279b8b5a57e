/** Answers of the API made from fixtures, in the states that a page can be in. */
import * as fixtures from "./fixtures";

export type Mode = "normal" | "empty" | "error";

export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

type Handler = (match: RegExpMatchArray, url: URL, body: unknown) => unknown;

const EMPTY_LIST = { items: [] };

const routes: [string, RegExp, Handler, unknown?][] = fixtures.routes;

function problem(status: number, title: string, detail: string): Reply {
  return { status, body: { type: "about:blank", title, status, detail, code: "test", help: "see `volano doctor`", request_id: "4be1" } };
}

export function answer(mode: Mode, method: string, url: URL, body: unknown): Reply {
  const path = url.pathname.replace(/^\/api\/v1/, "");
  if (mode === "error" && path !== "/server") return problem(503, "The database does not answer", "the write queue is full; try again in a moment");
  for (const [verb, pattern, handler, empty] of routes) {
    const match = verb === method ? path.match(pattern) : null;
    if (!match) continue;
    if (mode === "empty") {
      if (empty === undefined) return problem(404, "Not found", `there is nothing at ${path}`);
      return { status: 200, body: empty === "list" ? EMPTY_LIST : empty === "same" ? handler(match, url, body) : empty };
    }
    const found = handler(match, url, body);
    if (found === undefined) return problem(404, "Not found", `there is nothing at ${path}`);
    return { status: 200, body: found };
  }
  return problem(404, "Not found", `there is no route ${method} ${path}`);
}
