/** What all fixtures are made with. */

type Handler = (match: RegExpMatchArray, url: URL, body: unknown) => unknown;
export type Route = [string, RegExp, Handler, unknown?];

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

