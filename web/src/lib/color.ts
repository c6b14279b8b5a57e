/** Colours that scripts need: read from the style sheet's tokens, so that one sheet decides. */

/** How many chart colours there are before lines turn grey. */
export const CHART_COLORS = 8;

/** A run keeps its colour on every page: the token's number follows from its id. */
export function slotOf(id: string): number {
  let hash = 2166136261;
  for (let i = 0; i < id.length; i += 1) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619) >>> 0;
  return (hash % CHART_COLORS) + 1;
}

/** Slots for a selection: each keeps its own where it is free, so that two lines never share one of eight. */
export function slots(ids: readonly string[]): Map<string, number> {
  const taken = new Set<number>();
  const out = new Map<string, number>();
  for (const id of ids) {
    let slot = slotOf(id);
    for (let i = 0; i < CHART_COLORS && taken.has(slot); i += 1) slot = (slot % CHART_COLORS) + 1;
    if (taken.size < CHART_COLORS) taken.add(slot);
    else slot = 0;
    out.set(id, slot);
  }
  return out;
}

/** The token's colour as the canvas understands it; `light-dark()` is resolved by a probe element. */
export function token(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
