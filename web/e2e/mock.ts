/** Answers of the API made from fixtures, in the states that a page can be in. */
import type { Problem } from "../src/api/types";
import { routes } from "./fixtures";

export type Mode = "normal" | "empty" | "error";

export interface Reply {
  status: number;
  body: unknown;
}

export function problem(status: number, title: string, detail: string): Reply {
  const body: Problem = { type: "about:blank", title, status, detail, code: "E0503", request_id: "4be1" };
  return { status, body };
}

export function answer(mode: Mode, method: string, url: URL, body: unknown): Reply {
  const path = url.pathname.replace(/^\/api\/v1/, "");
  if (mode === "error" && path !== "/server") return problem(503, "The database does not answer", "the write queue is full; try again in a moment");
  for (const route of routes) {
    const match = route.method === method ? path.match(route.pattern) : null;
    if (!match) continue;
    const params = Object.fromEntries(route.names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? "")]));
    const found = mode === "empty" ? route.empty?.(params, url, body) : route.answer(params, url, body);
    return found === undefined ? problem(404, "Not found", `there is nothing at ${path}`) : { status: 200, body: found };
  }
  return problem(404, "Not found", `there is no route ${method} ${path}`);
}
