/** Small pieces that every page is made of. */
import { useRouter, useRouterState } from "@tanstack/react-router";
import { useEffect, useState, type AnchorHTMLAttributes, type ReactNode } from "react";
import { exact, moment, span } from "../lib/format";
import { copy } from "../lib/store";
import { Icon } from "./icons";

/** A link inside the page: ordinary clicks stay in the application, all others are the browser's. */
export function To({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const router = useRouter();
  return (
    <a
      href={href}
      {...rest}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.history.push(href);
      }}
    />
  );
}

/** One value of the address' query, and how to change it without a new entry in the history. */
export function useParam(name: string, fallback = ""): [string, (value: string) => void] {
  const router = useRouter();
  const value = useRouterState({ select: (s) => (s.location.search as Record<string, string>)[name] ?? fallback });
  const set = (next: string) => {
    const at = router.state.location;
    const query = new URLSearchParams(at.searchStr);
    if (next && next !== fallback) query.set(name, next);
    else query.delete(name);
    const text = query.toString();
    router.history.replace(at.pathname + (text ? `?${text}` : ""));
  };
  return [value, set];
}

/** Title, filter and actions in one bar; below it the page. */
export function Page({
  title,
  crumb,
  tools,
  tabs,
  children,
  flush,
}: {
  title: ReactNode;
  crumb?: ReactNode;
  tools?: ReactNode;
  tabs?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}) {
  return (
    <>
      <header className={flush ? "head" : "head gutter"}>
        {crumb && (
          <span className="crumb">
            {crumb} <span aria-hidden="true">/</span>
          </span>
        )}
        <h1>{title}</h1>
        {tools && <div className={flush ? "row grow fields" : "tools"}>{tools}</div>}
      </header>
      {tabs}
      {flush ? <div className="body flush">{children}</div> : <div className="body" tabIndex={-1}><div className="page">{children}</div></div>}
    </>
  );
}

export function Panel({ title, tools, children, footer, className }: { title?: ReactNode; tools?: ReactNode; children: ReactNode; footer?: ReactNode; className?: string }) {
  return (
    <section className={`panel ${className ?? ""}`}>
      {title && (
        <header>
          <h2>{title}</h2>
          {tools && <div className="tools">{tools}</div>}
        </header>
      )}
      {children}
      {footer && <footer>{footer}</footer>}
    </section>
  );
}

/** A moment that keeps itself true; the exact time on hover. */
export function When({ ms }: { ms: number | null | undefined }) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (ms === null || ms === undefined || Date.now() - ms > 3_600_000) return;
    const timer = setInterval(() => tick((n) => n + 1), Date.now() - ms < 60_000 ? 5_000 : 30_000);
    return () => clearInterval(timer);
  }, [ms]);
  if (ms === null || ms === undefined) return <span className="ink3">–</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)}>
      {moment(ms)}
    </time>
  );
}

/** How long something took, or takes so far. */
export function Took({ from, to }: { from: number | null | undefined; to: number | null | undefined }) {
  const [, tick] = useState(0);
  const runs = from != null && to == null;
  useEffect(() => {
    if (!runs) return;
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, [runs]);
  return from == null ? "–" : span((to ?? Date.now()) - from);
}

export function Facts({ items }: { items: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {items
        .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== "")
        .map(([name, value]) => (
          <FactRow key={name} name={name} value={value} />
        ))}
    </dl>
  );
}

function FactRow({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

export function Cards({ items }: { items: { label: string; value: ReactNode; note?: ReactNode }[] }) {
  return (
    <div className="cards">
      {items.map((item) => (
        <div key={item.label}>
          <span className="label">{item.label}</span>
          <b>{item.value}</b>
          <small>{item.note ?? "\u00a0"}</small>
        </div>
      ))}
    </div>
  );
}

/** A command to copy, with the real names in it. */
export function Cli({ line }: { line: string }) {
  return (
    <div className="cli">
      <code tabIndex={0} aria-label="command">
        {line}
      </code>
      <button type="button" className="btn quiet icon" aria-label="Copy the command" title="Copy" onClick={() => void copy(line)}>
        <Icon name="copy" />
      </button>
    </div>
  );
}

export function Tabs({ base, param = "tab", items, at, label }: { base: string; param?: string; items: [string, string, ReactNode?][]; at: string; label: string }) {
  return (
    <nav className="tabs" aria-label={label}>
      {items.map(([key, text, extra], index) => (
        <To key={key} href={index === 0 ? base : `${base}${base.includes("?") ? "&" : "?"}${param}=${key}`} aria-current={key === at ? "page" : undefined}>
          {text}
          {extra}
        </To>
      ))}
    </nav>
  );
}
