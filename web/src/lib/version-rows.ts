/** Versions of a model side by side: one row for each thing that they can differ in. */

/** What is known of a version when versions are compared. */
export interface Compared {
  version: number;
  facts: [string, string][];
  metrics: Record<string, number>;
  params: Record<string, string>;
  tags: Record<string, string>;
  inputs: { name: string; type: string; required: boolean }[];
  outputs: { name: string; type: string; required: boolean }[];
  data: string[];
  python: string | null;
  flavors: { name: string; version: string }[];
  requirements: string[];
}

export interface Row {
  group: string;
  name: string;
  /** In the order of the versions; `undefined` where a version has none. */
  values: (string | number | undefined)[];
  differs: boolean;
}

/** `scikit-learn==1.5.0` → its name and what it asks for. */
export function requirement(line: string): [string, string] {
  const name = line.match(/^[A-Za-z0-9._-]+(\[[^\]]*\])?/)?.[0] ?? line;
  return [name.toLowerCase(), line.slice(name.length).trim() || "any"];
}

type Side = Map<string, string | number>;

function rowsOf(group: string, sides: Side[]): Row[] {
  const names = [...new Set(sides.flatMap((side) => [...side.keys()]))];
  return names.map((name) => {
    const values = sides.map((side) => side.get(name));
    return { group, name, values, differs: values.some((value) => value !== values[0]) };
  });
}

const slots = (list: Compared["inputs"]): Side => new Map(list.map((slot, i) => [slot.name || `#${i + 1}`, slot.required ? slot.type : `${slot.type}, optional`]));
const sorted = <T>(record: Record<string, T>): [string, T][] => Object.entries(record).sort(([a], [b]) => a.localeCompare(b));

export function versionRows(versions: readonly Compared[]): Row[] {
  const by = (group: string, side: (version: Compared) => Side) => rowsOf(group, versions.map(side));
  return [
    ...by("version", (v) => new Map(v.facts)),
    ...by("metrics", (v) => new Map(sorted(v.metrics))),
    ...by("parameters", (v) => new Map(sorted(v.params))),
    ...by("inputs", (v) => slots(v.inputs)),
    ...by("outputs", (v) => slots(v.outputs)),
    ...by("data", (v) => new Map(v.data.map((reference) => [reference.split("@")[0] ?? reference, reference]))),
    ...by("environment", (v) => new Map([...(v.python ? [["python", v.python] as const] : []), ...v.flavors.map((f) => [`flavour ${f.name}`, f.version || "yes"] as const)])),
    ...by("packages", (v) => new Map(v.requirements.map(requirement))),
    ...by("tags", (v) => new Map(sorted(v.tags))),
  ];
}
