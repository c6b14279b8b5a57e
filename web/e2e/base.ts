/** What all fixtures are made with: routes whose answers have the types of the API's document. */
import type { Path, Reply } from "../src/api/client";

type Params = Record<string, string>;
type Handler = (params: Params, url: URL, body: unknown) => unknown;

export interface Route {
  method: string;
  pattern: RegExp;
  names: string[];
  answer: Handler;
  /** The answer of a server that holds nothing; absent: not found. */
  empty?: Handler;
}

function route(method: string, path: string, answer: Handler, empty?: Handler): Route {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((hit) => hit[1] ?? "");
  return { method: method.toUpperCase(), pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}$`), names, answer, empty };
}

/** A route of the API; its fixture is not found when it gives undefined. */
export function on<M extends "get" | "post" | "put" | "patch" | "delete", P extends Path<M>>(method: M, path: P, answer: (params: Params, url: URL, body: unknown) => Reply<M, P> | undefined, empty?: () => Reply<M, P>): Route {
  return route(method, path, answer, empty);
}

/** A route that answers with text or bytes. */
export function onText(path: Path<"get">, answer: (params: Params, url: URL) => string): Route {
  return route("get", path, answer);
}

/** A deployment's own address, which is no part of the API's document. */
export function onServe(path: string, answer: () => object): Route {
  return route("post", path, answer);
}

export const none = () => ({ items: [] });

export const NOW = Date.now();

/** Repeatable figures: a linear congruential generator. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

export const id = (n: number) => `019ac0de${n.toString(16).padStart(4, "0")}70008000${((n * 2654435761) >>> 0).toString(16).padStart(8, "0")}${((n * 40503 + 977) >>> 0).toString(16).padStart(4, "0").slice(-4)}`.padEnd(32, "0").slice(0, 32);
