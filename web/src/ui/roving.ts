/** Many things as one Tab stop: arrow keys, Home and End move among what has `data-rove`. */
import { useState, type FocusEvent, type KeyboardEvent } from "react";

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export interface Roving {
  /** For the element that holds them. */
  holder: { onKeyDown: (event: KeyboardEvent<Element>) => void; onFocus: (event: FocusEvent<Element>) => void };
  /** For each of them, by its place. */
  item: (index: number) => { "data-rove": number; tabIndex: number };
}

export function useRoving(count: number): Roving {
  const [at, setAt] = useState(0);
  const stop = Math.max(0, Math.min(at, count - 1));
  const placeOf = (target: EventTarget) => Number((target as Element).closest("[data-rove]")?.getAttribute("data-rove") ?? stop);
  return {
    holder: {
      onKeyDown: (event) => {
        const from = placeOf(event.target);
        const to = event.key === "Home" ? 0 : event.key === "End" ? count - 1 : from + (STEPS[event.key] ?? 0);
        if (to === from || to < 0 || to >= count || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        setAt(to);
        event.currentTarget.querySelector<HTMLElement>(`[data-rove="${to}"]`)?.focus();
      },
      onFocus: (event) => setAt(placeOf(event.target)),
    },
    item: (index) => ({ "data-rove": index, tabIndex: index === stop ? 0 : -1 }),
  };
}
