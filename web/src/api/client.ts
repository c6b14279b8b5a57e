/** The thin client: paths, parameters and answers as the API's document has them; problem+json as one error type. */
import type { paths } from "./schema";
import type { Problem } from "./types";

type Method = "get" | "post" | "put" | "patch" | "delete";

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

/** What is at a path, without its type. */
export async function load(path: string, params: object, signal?: AbortSignal): Promise<unknown> {
  const response = await request(address(path, params), { signal, headers: { accept: "application/json" } });
  return response.json();
}

export const get = <P extends Path<"get">>(path: P, params: Params<"get", P>, signal?: AbortSignal) => load(path, params as object, signal) as Promise<Reply<"get", P>>;

/** The plain text of a log, an artifact or a document, with the headers that say where it ends. */
export async function text<P extends Path<"get">>(path: P, params: Params<"get", P>, signal?: AbortSignal): Promise<{ body: string; headers: Headers }> {
  const response = await request(address(path, params as object), { signal });
  return { body: await response.text(), headers: response.headers };
}

async function change(method: string, path: string, params: object, body: unknown, signal?: AbortSignal): Promise<unknown> {
  const response = await request(address(path, params), {
    method: method.toUpperCase(),
    signal,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: method === "delete" ? undefined : JSON.stringify(body ?? {}),
  });
  const raw = await response.text();
  return raw ? JSON.parse(raw) : undefined;
}

/** Changes are asked for by the method that the document has for them. */
export const post = <P extends Path<"post">>(path: P, params: Params<"post", P>, body?: Sent<"post", P>, signal?: AbortSignal) => change("post", path, params as object, body, signal) as Promise<Reply<"post", P>>;
export const put = <P extends Path<"put">>(path: P, params: Params<"put", P>, body: Sent<"put", P>) => change("put", path, params as object, body) as Promise<Reply<"put", P>>;
export const patch = <P extends Path<"patch">>(path: P, params: Params<"patch", P>, body: Sent<"patch", P>) => change("patch", path, params as object, body) as Promise<Reply<"patch", P>>;
export const remove = <P extends Path<"delete">>(path: P, params: Params<"delete", P>) => change("delete", path, params as object, undefined);

/** The start of a file, and whether that is all of it: what is longer is not fetched to the end. */
export async function head(url: string, limit: number, signal?: AbortSignal): Promise<{ body: string; whole: boolean }> {
  const response = await request(url, { signal });
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let body = "";
  for (let size = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      body += decoder.decode(value.subarray(0, value.byteLength - (size - limit)));
      void reader.cancel();
      return { body, whole: false };
    }
    body += decoder.decode(value, { stream: true });
  }
  return { body: body + decoder.decode(), whole: true };
}

/** Asks for a file and hands it to the browser to keep; one that breaks off is not kept. */
export async function save<P extends Path<"post">>(path: P, body: Sent<"post", P>, name: string): Promise<void> {
  const response = await request(address(path), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  let file: Blob;
  try {
    file = await response.blob();
  } catch {
    throw new ApiError(0, { title: "The file broke off", detail: "the server stopped in the middle of the file; nothing was kept" });
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
