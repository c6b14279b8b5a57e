/** Tiny shared values: toasts, the command line of this view, whether live updates arrive. */
import { useEffect, useSyncExternalStore } from "react";

export class Cell<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get = (): T => this.#value;

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export function useCell<T>(cell: Cell<T>): T {
  return useSyncExternalStore(cell.subscribe, cell.get);
}

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

/** How long a toast with an undo stays. */
export const UNDO_MS = 10_000;
const TOAST_MS = 4_000;
let lastToast = 0;

export const toasts = new Cell<Toast[]>([]);

export function dismiss(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

export function toast(text: string, action?: Toast["action"]): void {
  lastToast += 1;
  const id = lastToast;
  toasts.set([...toasts.get(), { id, text, action }]);
  setTimeout(() => dismiss(id), action ? UNDO_MS : TOAST_MS);
}

/** The command that shows what this page shows. */
export const cliLine = new Cell<string>("volano ui");

/** Since when live updates are missing; null while they arrive. */
export const offlineSince = new Cell<number | null>(null);

/** Names the page and its command while it is shown. */
export function useView(title: string, cli: string): void {
  useEffect(() => {
    document.title = title === "Volano" ? title : `${title} · Volano`;
    cliLine.set(cli);
  }, [title, cli]);
}

export async function copy(text: string, what = "Copied"): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what}: ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`);
  } catch {
    toast(text);
  }
}
