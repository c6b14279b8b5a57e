/** Which metric people look at first, and which way is better. */

const KNOWN = ["roc_auc", "auc", "average_precision", "pr_auc", "f1", "accuracy", "r2", "rmse", "mae", "log_loss", "brier"];
/** Figures where less is better, by the words in their names. */
const LESS = /(loss|error|mae|mse|rmse|brier|ece|latency|time|duration)/i;

export const lessIsBetter = (name: string): boolean => LESS.test(name);

export function better(name: string, a: number, b: number): boolean {
  return lessIsBetter(name) ? a < b : a > b;
}

/** The tone of a difference: none where it is nothing. */
export function toneOfChange(name: string, difference: number): "good" | "bad" | "" {
  if (difference === 0) return "";
  return better(name, difference, 0) ? "good" : "bad";
}

function rank(name: string, first: string | undefined): number {
  if (name === first) return -1;
  // What a model scores on its own training rows says the least.
  if (/^train/i.test(name)) return 99;
  // A schedule is nothing that was measured.
  if (/^(lr|learning_rate|epoch|step)$/i.test(name.split("/").at(-1) ?? name)) return 98;
  const at = KNOWN.findIndex((known) => name === known || name.endsWith(`/${known}`) || name.endsWith(`_${known}`));
  return at < 0 ? 50 : at;
}

/** Metrics in the order in which people look for them; `first` is the one that decides. */
export function byRank(names: Iterable<string>, first?: string): string[] {
  return [...new Set(names)].sort((a, b) => rank(a, first) - rank(b, first) || a.localeCompare(b));
}
