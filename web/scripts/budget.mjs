// The first page's JavaScript, compressed as the server sends it, against its budget; and nothing inline or foreign in the page.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET = 220_000;
const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const page = readFileSync(join(dist, "index.html"), "utf8");
const scripts = new Set([...page.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g)].map((hit) => hit[1]));
// What the entry imports at once is part of the first page as well.
for (const path of scripts) {
  const text = readFileSync(join(dist, path), "utf8");
  for (const hit of text.matchAll(/(?:^|[;\s}])import\s*(?:[\w*{][^"']*from\s*)?["'](\.[^"']+\.js)["']/g)) scripts.add(join(dirname(path), hit[1]));
}
let total = 0;
for (const path of scripts) total += gzipSync(readFileSync(join(dist, path)), { level: 9 }).length;
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`first page: ${kb(total)} of JavaScript gzip in ${scripts.size} files, budget ${kb(BUDGET)}`);

const faults = [];
if (total > BUDGET) faults.push(`the first page is ${kb(total - BUDGET)} over its budget`);
if (/<script(?![^>]*\bsrc=)/.test(page)) faults.push("index.html has an inline script, which the content security policy refuses");
if (/<style|\sstyle=/.test(page)) faults.push("index.html has an inline style, which the content security policy refuses");
if (/(?:src|href)="(?:https?:)?\/\//.test(page)) faults.push("index.html loads something from another host");
for (const fault of faults) console.error(`error: ${fault}`);
process.exit(faults.length ? 1 : 0);
