import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const sheet = readFileSync("src/styles.css", "utf8");

function tokens(theme: 0 | 1): Map<string, string> {
  const found = new Map<string, string>();
  for (const hit of sheet.matchAll(/--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g)) found.set(hit[1]!, hit[2 + theme]!);
  return found;
}

function luminance(hex: string): number {
  const part = (at: number) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const inks = ["ink", "ink2", "ink3", "accent", "good", "warn", "bad"];
const grounds = ["bg", "panel", "raise"];
const charts = [1, 2, 3, 4, 5, 6, 7, 8, 0].map((n) => `chart-${n}`);

for (const theme of [0, 1] as const) {
  const name = theme === 0 ? "light" : "dark";
  const of = (token: string) => {
    const value = tokens(theme).get(token);
    expect(value, `--${token} has no ${name} colour`).toBeDefined();
    return value!;
  };
  test(`text is readable on every ground, ${name}`, () => {
    for (const ink of inks) for (const ground of grounds) expect(contrast(of(ink), of(ground)), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    for (const ink of ["ink", "ink2"]) expect(contrast(of(ink), of("select")), `${ink} on select`).toBeGreaterThanOrEqual(4.5);
    expect(contrast(of("on-accent"), of("accent"))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(of("on-accent"), of("bad"))).toBeGreaterThanOrEqual(4.5);
  });
  test(`lines that carry meaning stand out, ${name}`, () => {
    for (const line of ["edge", "seq-0", "seq-1", ...charts]) expect(contrast(of(line), of("panel")), `${line} on panel`).toBeGreaterThanOrEqual(3);
    expect(contrast(of("edge"), of("bg")), "edge on bg").toBeGreaterThanOrEqual(3);
  });
}

test("colours are written nowhere but in the tokens", () => {
  const rest = sheet.replace(/--[\w-]+:\s*light-dark\([^)]*\);/g, "");
  expect(rest.match(/#[0-9a-f]{3,8}\b(?![^{]*\{)/gi) ?? []).toEqual([]);
});
