/** The thin client: paths, parameters and answers as the API's document has them; problem+json as one error type. */
import type { paths } from "./schema";
import type { Problem } from "./types";

type Method = "get" | "post" | "put";

/** Paths below `/api/v1` that have a method. */
export type Path<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? (P extends `/api/v1${infer Rest}` ? Rest : never) : never }[keyof paths];

type Operation<M extends Method, P extends Path<M>> = `/api/v1${P}` extends keyof paths ? paths[`/api/v1${P}`][M] : never;
type Content<T> = T extends { content: { "application/json": infer Body } } ? Body : undefined;

/** What a request is answered with. */
export type Reply<M extends Method, P extends Path<M>> = Operation<M, P> extends { responses: infer R } ? (R extends { 200: infer Ok } ? Content<Ok> : undefined) : never;

/** Parameters of the path and of the query in one record: no name is in both. */
export type Params<M extends Method, P extends Path<M>> = Operation<M, P> extends { parameters: infer A } ? Given<A, "path"> & Given<A, "query"> : never;
type Given<A, K extends string> = A extends { [key in K]?: infer V } ? (Exclude<V, undefined> extends never ? unknown : Exclude<V, undefined>) : unknown;

export type Sent<M extends Method, P extends Path<M>> = Operation<M, P> extends { requestBody: infer B } ? Content<B> : undefined;

export class ApiError extends Error {
  readonly status: number;
  readonly problem: Partial<Problem>;
  /** What to do about it, where the page knows. */
  readonly help: string | undefined;

  constructor(status: number, problem: Partial<Problem>, help?: string) {
    super(problem.detail || problem.title || `the server answered ${status}`);
    this.status = status;
    this.problem = problem;
    this.help = help;
  }

  get missing(): boolean {
    return this.status === 404;
  }
}

/** The address of a path: its placeholders are filled, the other parameters become the query. */
export function address(path: string, params: object = {}): string {
  const rest = new Map(Object.entries(params as Record<string, unknown>));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest.get(name) ?? "");
    rest.delete(name);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of rest) if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  const text = query.toString();
  return `/api/v1${filled}${text && `?${text}`}`;
}

async function failure(response: Response): Promise<ApiError> {
  let problem: Partial<Problem> = {};
  try {
    const body: unknown = await response.json();
    if (body && typeof body === "object") problem = body as Partial<Problem>;
  } catch {
    problem = { title: response.statusText };
  }
  return new ApiError(response.status, problem);
}

async function request(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, { title: "The server does not answer" }, "start it with `volano server`");
  }
  if (!response.ok) throw await failure(response);
  return response;
}

export async function get<P extends Path<"get">>(path: P, params: Params<"get", P>, signal?: AbortSignal): Promise<Reply<"get", P>> {
  const response = await request(address(path, params as object), { signal, headers: { accept: "application/json" } });
  return (await response.json()) as Reply<"get", P>;
}

/** The plain text of a log, an artifact or a document, with the headers that say where it ends. */
export async function text<P extends Path<"get">>(path: P, params: Params<"get", P>, signal?: AbortSignal): Promise<{ body: string; headers: Headers }> {
  const response = await request(address(path, params as object), { signal });
  return { body: await response.text(), headers: response.headers };
}

export async function post<P extends Path<"post">>(path: P, params: Params<"post", P>, body: Sent<"post", P>): Promise<Reply<"post", P>> {
  const response = await request(address(path, params as object), {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  const raw = await response.text();
  return (raw ? JSON.parse(raw) : undefined) as Reply<"post", P>;
}
