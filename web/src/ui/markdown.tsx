/** Markdown as elements. Nothing is ever set as markup, so whatever a text holds stays text. */
import { Fragment, useMemo, type ReactNode } from "react";
import { parseMarkdown, type Block, type Inline } from "../lib/markdown";

function Span({ node }: { node: Inline }): ReactNode {
  if (typeof node === "string") return node;
  switch (node.t) {
    case "strong":
      return <strong>{spans(node.c)}</strong>;
    case "em":
      return <em>{spans(node.c)}</em>;
    case "del":
      return <del>{spans(node.c)}</del>;
    case "code":
      return <code>{node.text}</code>;
    case "link":
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow">
          {spans(node.c)}
        </a>
      );
    case "image":
      return <img className="picture" src={node.src} alt={node.alt} />;
    case "br":
      return <br />;
  }
}

const spans = (list: readonly Inline[]) => list.map((node, i) => <Span key={i} node={node} />);

/** Headings of a text stand below those of the page, and skip no level whatever the text does; those within quotes and lists are none. */
function tags(list: readonly Block[]): Map<Block, "h3" | "p"> {
  const out = new Map<Block, "h3" | "p">();
  const base = Math.min(6, ...list.map((block) => (block.t === "heading" ? block.level : 6)));
  let before = 2;
  for (const block of list) {
    if (block.t !== "heading") continue;
    before = Math.min(3 + block.level - base, before + 1, 6);
    out.set(block, `h${before}` as "h3");
  }
  return out;
}

function Part({ block, tag: Tag = "p" }: { block: Block; tag?: "h3" | "p" }): ReactNode {
  switch (block.t) {
    case "heading":
      return <Tag className={`strong level${block.level}`}>{spans(block.c)}</Tag>;
    case "p":
      return <p>{spans(block.c)}</p>;
    case "code":
      return (
        <pre tabIndex={0} aria-label={block.lang ? `${block.lang} code` : "code"}>
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return <blockquote>{parts(block.c)}</blockquote>;
    case "rule":
      return <hr />;
    case "table":
      return (
        <div className="scroll" tabIndex={0} role="region" aria-label="Table">
          <table className="t">
            <thead>
              <tr>
                {block.head.map((cell, i) => (
                  <th key={i} className={block.align[i] === "right" ? "num" : ""}>
                    {spans(cell)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (
                    <td key={j} className={block.align[j] === "right" ? "num" : ""}>
                      {spans(cell)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "list": {
      const items = block.items.map((item, i) => (
        <li key={i} className={item.task === undefined ? undefined : "task"}>
          {item.task !== undefined && <span aria-label={item.task ? "done" : "to do"} role="img">{item.task ? "☑ " : "☐ "}</span>}
          {/* An item of one line is no paragraph. */}
          {item.c.map((inner, j) => (inner.t === "p" ? <Fragment key={j}>{spans(inner.c)}</Fragment> : <Part key={j} block={inner} />))}
        </li>
      ));
      return block.ordered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

const parts = (list: readonly Block[]) => list.map((block, i) => <Part key={i} block={block} />);

export function Markdown({ text }: { text: string }) {
  const list = useMemo(() => parseMarkdown(text), [text]);
  const named = tags(list);
  return (
    <div className="md">
      {list.map((block, i) => (
        <Part key={i} block={block} tag={named.get(block)} />
      ))}
    </div>
  );
}
