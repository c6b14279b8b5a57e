/** What changed between two texts, word by word. */

export interface Piece {
  text: string;
  kind: "same" | "added" | "removed";
}

/** Longer texts are shown whole: their table of pairs would not fit. */
const MOST_WORDS = 1_500;

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}_.+-]+|\s+|[^\p{L}\p{N}_.+\s-]/gu) ?? [];

/** The pieces of both texts in one row: longest common subsequence of words and signs. */
export function textDiff(before: string, after: string): Piece[] {
  const a = wordsOf(before);
  const b = wordsOf(after);
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return [{ text: before, kind: "removed" }, { text: after, kind: "added" }];
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => length[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) length[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const out: Piece[] = [];
  const add = (text: string, kind: Piece["kind"]) => {
    const last = out.at(-1);
    if (last?.kind === kind) last.text += text;
    else out.push({ text, kind });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add(a[i] ?? "", "same");
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      add(a[i] ?? "", "removed");
      i += 1;
    } else {
      add(b[j] ?? "", "added");
      j += 1;
    }
  }
  return out;
}
