/** Server-sent notices refresh what they are about; a slow tick covers what makes no notice. */
import type { QueryClient } from "@tanstack/react-query";
import { offlineSince } from "../lib/store";

interface Notice {
  noun: string;
  id: string;
}

/** Notices come in bursts while a pipeline runs; one refresh per noun in this time is enough. */
const GATHER_MS = 300;

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: { nouns?: readonly string[] };
  }
}

export function follow(client: QueryClient): () => void {
  let nouns = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    const changed = nouns;
    nouns = new Set();
    timer = undefined;
    void client.invalidateQueries({ predicate: (q) => q.meta?.nouns?.some((noun) => changed.has(noun) || noun === "*") ?? false });
  };
  const source = new EventSource("/api/v1/notices");
  source.addEventListener("notice", (event) => {
    try {
      nouns.add((JSON.parse((event as MessageEvent<string>).data) as Notice).noun);
    } catch {
      return;
    }
    timer ??= setTimeout(flush, GATHER_MS);
  });
  source.addEventListener("missed", () => void client.invalidateQueries());
  source.addEventListener("open", () => {
    // What happened while the line was down made no notice here.
    if (offlineSince.get() !== null) void client.invalidateQueries();
    offlineSince.set(null);
  });
  source.addEventListener("error", () => {
    if (offlineSince.get() === null) offlineSince.set(Date.now());
  });
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
