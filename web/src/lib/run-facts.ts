/** What a run's tags, data sets and parameters say, in the words of the page. */

type Tags = Record<string, string>;

export interface Code {
  source: string | undefined;
  type: string | undefined;
  commit: string | undefined;
  branch: string | undefined;
  /** Where the commit can be looked at, when the repository is on the web. */
  href: string | undefined;
  repository: string | undefined;
  changed: number;
}

/** `git@host:team/repo.git` and `https://host/team/repo.git` as an address on the web. */
export function webOf(repository: string | undefined): string | undefined {
  const ssh = repository?.match(/^(?:ssh:\/\/)?git@([\w.-]+)[:/]([\w./-]+?)(?:\.git)?\/?$/);
  if (ssh) return `https://${ssh[1]}/${ssh[2]}`;
  const http = repository?.match(/^https?:\/\/(?:[^@/\s]*@)?([\w.-]+(?::\d+)?\/[\w./~-]+?)(?:\.git)?\/?$/);
  return http ? `https://${http[1]}` : undefined;
}

/** Without the user and the password that some have in the address of their repository. */
export const withoutUser = (repository: string | undefined) => repository?.replace(/^(https?:\/\/)[^@/\s]*@/, "$1");

export function codeOf(tags: Tags): Code {
  const commit = tags["mlflow.source.git.commit"];
  const repository = tags["mlflow.source.git.repoURL"] ?? tags["mlflow.gitRepoURL"];
  const web = webOf(repository);
  const plain = commit !== undefined && /^[0-9a-f]{7,64}$/.test(commit);
  return {
    source: tags["mlflow.source.name"],
    type: tags["mlflow.source.type"]?.toLowerCase(),
    commit,
    branch: tags["mlflow.source.git.branch"] ?? tags["mlflow.gitBranchName"],
    href: web && plain ? `${web}/commit/${commit}` : undefined,
    repository: withoutUser(repository),
    changed: Number(tags["volano.git.changed_files"] ?? 0) || 0,
  };
}

/** A word as a shell takes it. */
export const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Parameters of more than so many characters are no settings that somebody gave. */
const MAX_GIVEN = 200;

/** The line that does the same again; `undefined` when the run does not say how it was started. */
export function againLine(run: { params: Record<string, string>; tags: Tags }, pipeline?: string): string | undefined {
  if (pipeline) return `volano pipeline run ${quoted(pipeline)}`;
  const command = run.tags["volano.command"];
  if (command) return `volano run -- ${command}`;
  const source = run.tags["mlflow.source.name"];
  if (!source || run.tags["mlflow.source.type"] === "PROJECT") return undefined;
  const settings = Object.entries(run.params).filter(([, value]) => value.length <= MAX_GIVEN);
  if (source.endsWith(".ipynb")) return ["volano run", ...settings.map(([key, value]) => `-p ${quoted(`${key}=${value}`)}`), quoted(source)].join(" ");
  return source.endsWith(".py") ? `volano run -- python ${quoted(source)}` : undefined;
}

export interface Column {
  name: string;
  type: string;
}

/** The columns of a data set's schema, as mlflow writes it. */
export function columnsOf(schema: string | null | undefined): Column[] {
  if (!schema) return [];
  try {
    const root = JSON.parse(schema) as Record<string, unknown>;
    const list = Array.isArray(root.mlflow_colspec) ? root.mlflow_colspec : [];
    return list.flatMap((one: unknown) => {
      const column = one as Record<string, unknown> | null;
      return column && typeof column === "object" ? [{ name: String(column.name ?? ""), type: String(column.type ?? "") }] : [];
    });
  } catch {
    return [];
  }
}

/** `2,000 rows`, from a data set's profile. */
export function rowsOf(profile: string | null | undefined): number | undefined {
  if (!profile) return undefined;
  try {
    const root = JSON.parse(profile) as Record<string, unknown>;
    for (const key of ["num_rows", "features_shape"]) {
      const value = root[key];
      const number = Array.isArray(value) ? value[0] : value;
      if (typeof number === "number") return number;
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** Where a data set came from, in a word: its address, or the data version that it is. */
export function sourceOf(source: string): { text: string; version?: string } {
  try {
    const root = JSON.parse(source) as Record<string, unknown>;
    const text = root.uri ?? root.url ?? root.path ?? root.table_name;
    if (typeof text === "string") {
      const version = text.match(/^volano:\/*([\w.-]+@v\d+)$/)?.[1];
      return version ? { text: version, version } : { text: withoutUser(text) ?? text };
    }
    const tags = root.tags as Record<string, unknown> | undefined;
    const name = tags?.["mlflow.source.name"];
    return { text: typeof name === "string" ? name : "" };
  } catch {
    return { text: source };
  }
}

/** Metrics of the machine that a run went on, and those of the work itself. */
export const isSystemMetric = (key: string) => key.startsWith("system/");

/** The folder of a metric: `train/loss` → `train`; the first part before an underscore does not count. */
export function sectionOf(key: string): string {
  const at = key.lastIndexOf("/");
  return at > 0 ? key.slice(0, at) : "";
}

/** Metrics by their folder, those without one first. */
export function sections(keys: readonly string[]): [string, string[]][] {
  const out = new Map<string, string[]>();
  for (const key of keys) out.set(sectionOf(key), [...(out.get(sectionOf(key)) ?? []), key]);
  return [...out].sort(([a], [b]) => Number(a !== "") - Number(b !== "") || a.localeCompare(b));
}
