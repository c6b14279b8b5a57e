// Types of the API from ../openapi.json: writes src/api/schema.d.ts, which is not kept, for whoever checks types.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

/** Places where the document says no more than "any JSON": the pages read a shape from narrow.ts there. */
const NARROW = {
  "schemas/RunBody/cause": "Cause",
  "schemas/RunBody/data": "Pinned",
  "schemas/PipelineBody/objective": "Objective",
  "schemas/StepRunBody/failure": "StepFailure",
  "schemas/DataVersionBody/violations": "Violation[]",
  "schemas/TrialBody/violations": "Violation[]",
  "schemas/CheckBody/violations": "Violation[]",
  "schemas/RowPage/rows": "unknown[][]",
  "schemas/ArtifactRows/rows": "unknown[][]",
  "schemas/PredictionBody/features": "Features",
  "schemas/ExampleBody/rows": "Features[]",
  "paths/datasets/{name}/versions/{version}/profile": "Profile",
  "paths/trace/{prediction_id}": "Trace",
};

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "src/api/schema.d.ts");
const source = join(root, "../openapi.json");

/** `#/components/schemas/RunBody/properties/cause` and `#/paths/…` as NARROW writes them. */
function place(path) {
  const [, kind, ...rest] = path.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (kind === "components") return rest.filter((part) => part !== "properties").join("/");
  return rest[2] === "responses" && rest[3] === "200" ? `paths${rest[0].replace("/api/v1", "")}` : "";
}

function typeOf(text) {
  const name = text.replace(/(\[\])+$/, "");
  const depth = (text.length - name.length) / 2;
  let node = name === "unknown" ? ts.factory.createKeywordTypeNode(ts.SyntaxKind.UnknownKeyword) : ts.factory.createTypeReferenceNode(name);
  for (let i = 0; i < depth; i += 1) node = ts.factory.createArrayTypeNode(node);
  return node;
}

async function generate() {
  const used = new Set();
  const names = [...new Set(Object.values(NARROW).map((text) => text.replace(/(\[\])+$/, "")))].filter((name) => name !== "unknown").sort();
  const nodes = await openapiTS(JSON.parse(readFileSync(source, "utf8")), {
    emptyObjectsUnknown: true,
    inject: `import type { ${names.join(", ")} } from "./narrow";`,
    postTransform(_type, { path }) {
      const at = place(path ?? "");
      if (!(at in NARROW)) return undefined;
      used.add(at);
      return typeOf(NARROW[at]);
    },
  });
  const stale = Object.keys(NARROW).filter((at) => !used.has(at));
  if (stale.length > 0) throw new Error(`narrowed in scripts/schema.mjs, but not in the document: ${stale.join(", ")}`);
  return `// Written by \`npm run generate\` from openapi.json.\n${astToString(nodes)}`;
}

writeFileSync(target, await generate());
