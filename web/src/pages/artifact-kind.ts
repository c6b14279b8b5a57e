import { address } from "../api/client";

/** The address of a file of a run, or of a logged model when the root is one. */
export const fileAt = (root: string, path: string) => address(root.startsWith("m-") ? "/logged-models/{id}/artifact" : "/runs/{id}/artifact", { id: root, path });

/** How a file is shown, by its name. */
export type Kind = "picture" | "drawing" | "table" | "rows" | "json" | "notebook" | "markdown" | "page" | "diff" | "text" | "audio" | "video" | "none";

const ENDINGS: [Kind, RegExp][] = [
  ["picture", /\.(png|jpe?g|gif|webp)$/],
  ["drawing", /\.svg$/],
  ["table", /\.(csv|tsv|tab)$/],
  ["rows", /\.(parquet|pq|arrow|feather|ipc|jsonl|ndjson|(csv|tsv|jsonl)\.(gz|zst))$/],
  ["json", /\.(json|geojson)$/],
  ["notebook", /\.ipynb$/],
  ["markdown", /\.(md|markdown)$/],
  ["page", /\.html?$/],
  ["diff", /\.(diff|patch)$/],
  ["audio", /\.(mp3|wav|ogg|oga|flac|m4a)$/],
  ["video", /\.(mp4|webm|ogv)$/],
  ["text", /(\.(txt|log|out|err|ya?ml|py|pyi|ipy|r|jl|rs|js|ts|tsx|css|sh|sql|toml|cfg|conf|ini|env|xml|properties|tex|rst)|(^|\/)(mlmodel|mlproject|dockerfile|makefile|license|readme|requirements))$/],
];

export function kindOf(path: string): Kind {
  const name = path.toLowerCase();
  return ENDINGS.find(([, ending]) => ending.test(name))?.[0] ?? "none";
}

/** What tells most at first sight. */
const TELLING: Kind[] = ["notebook", "markdown", "picture", "table", "json", "text"];

export function telling(paths: readonly string[]): string {
  for (const kind of TELLING) {
    const found = paths.find((path) => kindOf(path) === kind);
    if (found) return found;
  }
  return paths[0] ?? "";
}
