/** Queries: the place of a slip, and how a command line says them. */

/** `sql:2:3: there is no column` → where in words, and what. */
export function place(detail: string): { where: string; message: string } {
  const found = detail.match(/^sql(?::(\d+):(\d+))?: ([\s\S]*)$/);
  if (!found) return { where: "", message: detail };
  return { where: found[1] ? `Line ${found[1]}, column ${found[2]}` : "", message: found[3] ?? "" };
}

/** The text around a span of characters; the server counts code points, where the browser counts halves of some. */
export function marked(text: string, span: { start: number; end: number } | null | undefined): { before: string; at: string; after: string } | undefined {
  if (!span) return undefined;
  const points = [...text];
  return { before: points.slice(0, span.start).join(""), at: points.slice(span.start, span.end).join(""), after: points.slice(span.end).join("") };
}

/** One argument of a POSIX shell. */
export const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** `flights@v3` → `flights-v3.csv`. */
export const fileName = (reference: string, format: string) => `${reference.replace("@", "-")}.${format}`;
