/** Finds the raw text of one key's values in a JSON document: parsing and printing again could change the bytes that a hash covers. */

/** Index after the value that starts at `at`. */
function skip(text: string, at: number): number {
  const open = text[at];
  if (open === '"') {
    let i = at + 1;
    while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
    return i + 1;
  }
  if (open === "{" || open === "[") {
    let depth = 0;
    let i = at;
    do {
      const c = text[i];
      if (c === undefined) throw new SyntaxError("the document ends early");
      if (c === '"') {
        i = skip(text, i);
        continue;
      }
      if (c === "{" || c === "[") depth += 1;
      if (c === "}" || c === "]") depth -= 1;
      i += 1;
    } while (depth > 0);
    return i;
  }
  let i = at;
  while (i < text.length && !/[,\]}\s]/.test(text[i] ?? "")) i += 1;
  return i;
}

/** The raw values of `key` in the objects of the array `list` at the top of the document, in order. */
export function rawValues(text: string, list: string, key: string): string[] {
  const out: string[] = [];
  const blank = (i: number) => {
    while (/[\s,]/.test(text[i] ?? "x")) i += 1;
    return i;
  };
  const members = (start: number, visit: (name: string, at: number, end: number) => void): void => {
    let i = blank(start + 1);
    while (text[i] === '"') {
      const nameEnd = skip(text, i);
      const name = JSON.parse(text.slice(i, nameEnd)) as string;
      const at = blank(text.indexOf(":", nameEnd) + 1);
      const end = skip(text, at);
      visit(name, at, end);
      i = blank(end);
    }
  };
  members(blank(0), (name, at) => {
    if (name !== list) return;
    let i = blank(at + 1);
    while (text[i] === "{") {
      members(i, (field, from, to) => field === key && out.push(text.slice(from, to)));
      i = blank(skip(text, i));
    }
  });
  return out;
}
