/** The thin client: JSON over fetch, problem+json as one error type. */

/** What the server says when it does not do what was asked (RFC 9457). */
export interface Problem {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  field?: string;
  help?: string;
  request_id?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail || problem.title || `the server answered ${status}`);
    this.status = status;
    this.problem = problem;
  }

  get missing(): boolean {
    return this.status === 404;
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export function withQuery(path: string, query: Query = {}): string {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parts.set(key, String(value));
  }
  const text = parts.toString();
  return text ? `${path}?${text}` : path;
}

async function failure(response: Response): Promise<ApiError> {
  let problem: Problem = {};
  try {
    const body: unknown = await response.json();
    if (body && typeof body === "object") problem = body as Problem;
  } catch {
    problem = { title: response.statusText };
  }
  return new ApiError(response.status, problem);
}

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, { title: "The server does not answer", help: "start it with `volano server`" });
  }
  if (!response.ok) throw await failure(response);
  return response;
}

export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const response = await request(withQuery(`/api/v1${path}`, query), { signal, headers: { accept: "application/json" } });
  return (await response.json()) as T;
}

/** The plain text of a log or an artifact, with the headers that say where it ends. */
export async function textAndHeaders(path: string, query?: Query, signal?: AbortSignal): Promise<{ body: string; headers: Headers }> {
  const response = await request(withQuery(`/api/v1${path}`, query), { signal });
  return { body: await response.text(), headers: response.headers };
}

/** A file of a run, from outside this API: the address is the one that mlflow clients use. */
export async function plain(address: string, signal?: AbortSignal): Promise<string> {
  return (await request(address, { signal })).text();
}

export async function text(path: string, query?: Query, signal?: AbortSignal): Promise<string> {
  return (await textAndHeaders(path, query, signal)).body;
}

export async function send<T>(method: "POST" | "PUT", path: string, body: unknown): Promise<T> {
  const response = await request(path.startsWith("/serve/") ? path : `/api/v1${path}`, {
    method,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  const raw = await response.text();
  return (raw ? JSON.parse(raw) : undefined) as T;
}
