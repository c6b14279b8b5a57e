/** What people and programs upload is drawn without running: Markdown, notebooks, tables, JSON. */
import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, describe, expect, test } from "vitest";
import { parseDelimited, tableOf } from "../src/lib/delimited";
import { inline, parseMarkdown, safeHref, safePicture } from "../src/lib/markdown";
import { htmlTable, parseNotebook } from "../src/lib/notebook";
import { Json } from "../src/ui/json";
import { Markdown } from "../src/ui/markdown";
import { Notebook } from "../src/ui/notebook";

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

const roots: (() => void)[] = [];
afterEach(() => {
  for (const drop of roots.splice(0)) drop();
});

function drawn(node: React.ReactNode): HTMLElement {
  const box = document.createElement("div");
  document.body.append(box);
  const root = createRoot(box);
  act(() => root.render(node));
  roots.push(() => {
    act(() => root.unmount());
    box.remove();
  });
  return box;
}

/** Elements and attributes that could run or fetch something. */
function dangers(box: HTMLElement): string[] {
  const found: string[] = [];
  for (const el of box.querySelectorAll("*")) {
    if (/^(script|iframe|object|embed|form|base|link|meta|style|video|audio)$/i.test(el.tagName)) found.push(el.tagName);
    for (const { name, value } of el.attributes) {
      if (/^on/i.test(name)) found.push(`${el.tagName} ${name}`);
      if (name === "href" && !/^(https?:|mailto:)/.test(value)) found.push(`${el.tagName} ${value}`);
      if (name === "src" && !/^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/.test(value)) found.push(`${el.tagName} ${value}`);
      if (["srcdoc", "formaction", "action", "style"].includes(name)) found.push(`${el.tagName} ${name}`);
    }
  }
  return found;
}

const ATTACKS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](\u0001javascript:alert(1))",
  "[x](data:text/html,<script>alert(1)</script>)",
  "[x](vbscript:msgbox(1))",
  "[x](//evil.example/x)",
  "[x](file:///etc/passwd)",
  "[x](https://good.example@evil.example/)",
  "![x](https://evil.example/beacon.png)",
  "![x](javascript:alert(1))",
  "![x](data:image/svg+xml;base64,PHN2Zy8+)",
  '![x](data:image/png;base64,AAAA"onerror="alert(1))',
  "<javascript:alert(1)>",
  "<https://a.example/\"onmouseover=\"alert(1)>",
  '[x](https://a.example/"onmouseover="alert(1))',
  "`<img src=x onerror=alert(1)>`",
  "```html\n<script>alert(1)</script>\n```",
  "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
  "> - 1. <script>alert(1)</script>",
  "[a]: javascript:alert(1)\n[a]",
];

describe("Markdown", () => {
  test.each(ATTACKS)("cannot be used to run anything: %s", (text) => {
    const box = drawn(<Markdown text={text} />);
    expect(dangers(box)).toEqual([]);
  });
  test("HTML stays readable as text", () => {
    expect(drawn(<Markdown text={"a <b onclick=x>b</b>"} />).textContent).toBe("a <b onclick=x>b</b>");
  });
  test("links go to the web and to mail only, and do not hand the page over", () => {
    const box = drawn(<Markdown text={"[a](https://example.org/x?y=1) <mailto:a@example.org> see https://example.org/z. end"} />);
    expect([...box.querySelectorAll("a")].map((a) => [a.getAttribute("href"), a.rel])).toEqual([
      ["https://example.org/x?y=1", "noopener noreferrer nofollow"],
      ["mailto:a@example.org", "noopener noreferrer nofollow"],
      ["https://example.org/z", "noopener noreferrer nofollow"],
    ]);
    expect(["javascript:alert(1)", " java\nscript:x", "data:text/html,x", "ftp://x", "/x", "#x", "", "https://u:p@x.example/"].map(safeHref)).toEqual(Array.from({ length: 8 }, () => undefined));
    expect(safePicture("data:image/png;base64,iVBORw0=")).toBe("data:image/png;base64,iVBORw0=");
  });
  test("reads what notes are made of", () => {
    const blocks = parseMarkdown("# Title\n\ntext **bold *both*** `code`\nnext\n\n1. one\n2. two\n   - inner\n\n- [x] done\n- [ ] open\n\n> quoted\n\n---\n\n| a | b |\n|:--|--:|\n| 1 | 2\\|3 |\n\n```py\nx = 1\n```");
    expect(blocks.map((b) => b.t)).toEqual(["heading", "p", "list", "list", "quote", "rule", "table", "code"]);
    expect(blocks[2]).toMatchObject({ ordered: true, start: 1, items: [{ c: [{ t: "p", c: ["one"] }] }, { c: [{ t: "p" }, { t: "list", ordered: false }] }] });
    expect(blocks[3]).toMatchObject({ items: [{ task: true }, { task: false }] });
    expect(blocks[6]).toMatchObject({ align: ["left", "right"], head: [["a"], ["b"]], rows: [[["1"], ["2|3"]]] });
    expect(blocks[7]).toMatchObject({ lang: "py", text: "x = 1" });
    expect(inline("a_b_c and 2 * 3 * 4 \\*no\\*")).toEqual(["a_b_c and 2 * 3 * 4 *no*"]);
    expect(parseMarkdown("Title\n=====\n\ntext")).toMatchObject([{ t: "heading", level: 1 }, { t: "p" }]);
  });
  test("texts made to be slow are read in one go", () => {
    const cost = (text: string) => JSON.stringify(parseMarkdown(text)).length;
    for (const bad of ["*", "**a ", "_", "`", "[", "![", "](", "<", "> ", "- ", "|", "\\", "~~", "[a](", "h", "`` ` "]) expect(cost(bad.repeat(20_000))).toBeGreaterThan(0);
  });
});

describe("notebooks", () => {
  const cell = (outputs: unknown[], source = "1") => JSON.stringify({ cells: [{ cell_type: "code", source, outputs }] });
  const html = (text: string) => cell([{ output_type: "display_data", data: { "text/html": text, "text/plain": "plain" } }]);
  test("HTML and scripts in outputs are not used", () => {
    for (const text of ATTACKS) {
      const box = drawn(<Notebook text={html(text)} />);
      expect(dangers(box)).toEqual([]);
    }
    const js = drawn(<Notebook text={cell([{ output_type: "display_data", data: { "application/javascript": "alert(1)", "text/plain": "plain" } }])} />);
    expect(dangers(js)).toEqual([]);
    expect(js.textContent).toContain("plain");
  });
  test("of a table in HTML the cells are kept, as text", () => {
    const table = '<table onload="x"><tr><th>a</th></tr><tr><td><img src=x onerror=alert(1)>1<script>2</script></td></tr></table>';
    expect(htmlTable(table)).toEqual([["a"], ["1"]]);
    const pandas = '<div><style scoped>.x { color: red }</style><table border="1" class="dataframe"><thead><tr style="text-align: right;"><th></th><th title="a > b">n &amp; m</th></tr></thead><tbody><tr><th>0</th><td>1 &lt; <b>2</b> &#x41;</td></tr></tbody></table> after';
    expect(htmlTable(pandas)).toEqual([["", "n & m"], ["0", "1 < 2 A"]]);
    expect(htmlTable("<p>none</p>")).toBeUndefined();
    for (const bad of ["<td>", "<table", "<table>", "<table><tr><td", "<table><script>", `<table>${"<script>".repeat(9_000)}`, `<table>${"<td ".repeat(9_000)}`, `<table><tr>${'<td "'.repeat(9_000)}`]) expect(() => htmlTable(bad)).not.toThrow();
    const box = drawn(<Notebook text={html(table)} />);
    expect(dangers(box)).toEqual([]);
    expect(box.querySelectorAll("table")).toHaveLength(1);
    expect(box.querySelectorAll("img")).toHaveLength(0);
  });
  test("pictures are shown when they are pictures, drawings as pictures", () => {
    const data = { "image/png": "iVBORw0=\n" };
    expect(drawn(<Notebook text={cell([{ output_type: "display_data", data }])} />).querySelector("img")?.getAttribute("src")).toBe("data:image/png;base64,iVBORw0=");
    const bad = cell([{ output_type: "display_data", data: { "image/png": 'x" onerror="alert(1)', "text/plain": "t" } }]);
    expect(drawn(<Notebook text={bad} />).querySelector("img")).toBeNull();
    const svg = drawn(<Notebook text={cell([{ output_type: "display_data", data: { "image/svg+xml": "<svg onload=alert(1)></svg>" } }])} />);
    expect(dangers(svg)).toEqual([]);
    expect(svg.querySelector("img")?.getAttribute("src")).toMatch(/^data:image\/svg\+xml,/);
  });
  test("text cells are Markdown, with the pictures that they bring", () => {
    const text = JSON.stringify({ cells: [{ cell_type: "markdown", source: ["# A\n", "![p](attachment:p.png) <script>1</script>"], attachments: { "p.png": { "image/png": "iVBORw0=" } } }] });
    const box = drawn(<Notebook text={text} />);
    expect(dangers(box)).toEqual([]);
    expect(box.querySelector("img")?.getAttribute("src")).toBe("data:image/png;base64,iVBORw0=");
  });
  test("errors lose the colours of the terminal; format 3 and broken files are read or told", () => {
    expect(parseNotebook(cell([{ output_type: "error", traceback: ["\u001b[0;31mValueError\u001b[0m: x"] }]))?.cells[0]?.outputs).toEqual([{ kind: "text", text: "ValueError: x", error: true }]);
    expect(parseNotebook(JSON.stringify({ worksheets: [{ cells: [{ cell_type: "code", input: "1+1", prompt_number: 4, outputs: [] }] }] }))?.cells).toEqual([{ kind: "code", source: "1+1", count: 4, outputs: [] }]);
    for (const bad of ["", "{", "[]", "3", '{"a": 1}', "null"]) expect(parseNotebook(bad)).toBeUndefined();
    for (const odd of ['{"cells": [null, 3, {"cell_type": 5, "source": {"a": 1}, "outputs": [null, "x", {"data": []}]}]}']) expect(() => drawn(<Notebook text={odd} />)).not.toThrow();
  });
});

describe("tables in text", () => {
  test("quotes, line ends and empty values are read as RFC 4180 has them", () => {
    expect(parseDelimited('a,b\r\n"x, ""y""\nz",\r\n,2\r\n', ",", 10)).toEqual({ columns: ["a", "b"], rows: [['x, "y"\nz', ""], ["", "2"]], more: false });
    expect(parseDelimited("\ufeffa\tb\n1\t2", "\t", 10)).toEqual({ columns: ["a", "b"], rows: [["1", "2"]], more: false });
    expect(parseDelimited("", ",", 10)).toEqual({ columns: [], rows: [], more: false });
  });
  test("only so many rows are read, and the torn last line of a part is left out", () => {
    expect(parseDelimited("a\n1\n2\n3\n4\n", ",", 2)).toEqual({ columns: ["a"], rows: [["1"], ["2"]], more: true });
    expect(parseDelimited("a,b\n1,2\n3,", ",", 10, false)).toEqual({ columns: ["a", "b"], rows: [["1", "2"]], more: true });
    expect(parseDelimited(`a\n"${"x\n".repeat(50_000)}`, ",", 10).columns).toEqual(["a"]);
  });
  test("what is in a cell stays text", () => {
    const table = parseDelimited('n\n"<img src=x onerror=alert(1)>"\n"=HYPERLINK(""http://evil"")"\n', ",", 10);
    const box = drawn(<table><tbody>{table.rows.map((row) => <tr key={row[0]}><td>{row[0]}</td></tr>)}</tbody></table>);
    expect(dangers(box)).toEqual([]);
    expect(box.textContent).toBe('<img src=x onerror=alert(1)>=HYPERLINK("http://evil")');
  });
  test("the JSON of mlflow.log_table and lists of records are tables", () => {
    expect(tableOf({ columns: ["a", "b"], data: [[1, null]] })).toEqual({ columns: ["a", "b"], rows: [[1, null]] });
    expect(tableOf([{ a: 1 }, { b: 2 }])).toEqual({ columns: ["a", "b"], rows: [[1, undefined], [undefined, 2]] });
    for (const other of [null, 3, "x", [], [1], { columns: ["a"] }, { columns: 1, data: [] }]) expect(tableOf(other)).toBeUndefined();
  });
});

test("JSON is drawn as text, folded, however deep or long", () => {
  const box = drawn(<Json value={{ a: "<script>alert(1)</script>", b: Array.from({ length: 500 }, (_, i) => i) }} />);
  expect(dangers(box)).toEqual([]);
  expect(box.textContent).toContain("<script>alert(1)</script>");
  expect(box.textContent).toContain("400 more");
  let deep: unknown = 1;
  for (let i = 0; i < 5_000; i += 1) deep = [deep];
  expect(() => drawn(<Json value={deep} />)).not.toThrow();
});
