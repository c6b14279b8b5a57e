/** What a reader chose for this browser: theme, density, folded side bar. */
import { Cell } from "./store";

export type Setting = "theme" | "density" | "side";

function read(name: Setting): string {
  return document.documentElement.dataset[name] ?? "";
}

export const settings = new Cell({ theme: read("theme"), density: read("density"), side: read("side") });

export function choose(name: Setting, value: string): void {
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
  try {
    if (value) localStorage.setItem(`volano.${name}`, value);
    else localStorage.removeItem(`volano.${name}`);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
  settings.set({ ...settings.get(), [name]: value });
}

export function dark(): boolean {
  const chosen = settings.get().theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export function toggleTheme(): void {
  choose("theme", dark() ? "light" : "dark");
}
