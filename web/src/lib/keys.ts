/** The keyboard: pages bind keys while they are shown; `?` lists what holds. */
import { useEffect, useRef } from "react";

export interface Binding {
  /** `/`, `ctrl+k`, `g r`, `ArrowDown`. */
  keys: string;
  label: string;
  run: () => void;
  /** Listed under this heading. */
  group?: string;
  /** Also while typing in a field. */
  always?: boolean;
}

const stack: Binding[][] = [];
const PREFIX_MS = 1200;
let prefix = "";
let prefixAt = 0;

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));
}

function named(event: KeyboardEvent): string {
  const ctrl = event.ctrlKey || event.metaKey ? "ctrl+" : "";
  return ctrl + (event.key.length === 1 ? (ctrl ? event.key.toLowerCase() : event.key) : event.key);
}

function find(keys: string, inField: boolean): Binding | undefined {
  for (let i = stack.length - 1; i >= 0; i -= 1) {
    const hit = stack[i]?.find((b) => b.keys === keys && (b.always || !inField));
    if (hit) return hit;
  }
  return undefined;
}

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const inField = typing(event.target) || document.querySelector("dialog[open]") !== null;
  const key = named(event);
  const chord = prefix && event.timeStamp - prefixAt < PREFIX_MS ? `${prefix} ${key}` : key;
  prefix = "";
  const hit = find(chord, inField) ?? (chord === key ? undefined : find(key, inField));
  if (hit) {
    // A focused button or link keeps its own Enter.
    if (key === "Enter" && event.target instanceof HTMLElement && /^(a|button)$/i.test(event.target.tagName)) return;
    event.preventDefault();
    hit.run();
    return;
  }
  if (!inField && stack.some((layer) => layer.some((b) => b.keys.startsWith(`${key} `)))) {
    prefix = key;
    prefixAt = event.timeStamp;
  }
}

/** Every binding that holds now, innermost first, without those that a page hides. */
export function bindings(): Binding[] {
  const seen = new Set<string>();
  return [...stack].reverse().flat().filter((b) => !seen.has(b.keys) && seen.add(b.keys));
}

/** Binds keys while the component is shown. */
export function useKeys(list: Binding[]): void {
  const latest = useRef(list);
  latest.current = list;
  useEffect(() => {
    const layer: Binding[] = latest.current.map((binding, at) => ({ ...binding, run: () => latest.current[at]?.run() }));
    stack.push(layer);
    return () => {
      stack.splice(stack.indexOf(layer), 1);
    };
  }, []);
}
