/** The states of anything that is loaded: empty, loading, error, stale. */
import { useIsFetching, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { ApiError } from "../api/client";
import { moment } from "../lib/format";
import { Cli } from "./bits";

/** A 2-pixel bar, only when loading takes longer than a blink. */
export function LoadingBar() {
  const loading = useIsFetching({ predicate: (q) => q.state.data === undefined }) > 0;
  const [shown, show] = useState(false);
  useEffect(() => {
    if (!loading) {
      show(false);
      return;
    }
    const timer = setTimeout(() => show(true), 200);
    return () => clearTimeout(timer);
  }, [loading]);
  return (
    <div role="status" aria-live="polite">
      {shown && (
        <>
          <span className="bar" aria-hidden="true" />
          <span className="sr">Loading</span>
        </>
      )}
    </div>
  );
}

export function Empty({ title, children, cli, center }: { title: string; children?: ReactNode; cli?: string | string[]; center?: boolean }) {
  const lines = cli === undefined ? [] : Array.isArray(cli) ? cli : [cli];
  return (
    <div className={`empty ${center ? "center" : ""}`}>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {lines.map((line) => (
        <Cli key={line} line={line} />
      ))}
    </div>
  );
}

/**
 * Whether all have answered once: panels that come one by one would push each other about. It stays true, since a panel that asks
 * again for what has failed would otherwise take itself off the page, and come back to ask again.
 */
export function useSettled(...queries: { isPending: boolean; fetchStatus: string }[]): boolean {
  const once = useRef(false);
  once.current ||= queries.every((query) => !query.isPending || query.fetchStatus === "idle");
  return once.current;
}

export function Fault({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const problem = error instanceof ApiError ? error.problem : {};
  const help = error instanceof ApiError ? error.help : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className="fault" role="alert">
      <span className="st bad">
        <i aria-hidden="true">✗</i>
      </span>
      <div className="stack grow">
        <strong className="strong">{title ?? problem.title ?? "This could not be loaded"}</strong>
        {message !== problem.title && <p>{message}</p>}
        {help && <p>{help}</p>}
        {problem.request_id && <p className="small">request {problem.request_id}</p>}
      </div>
      {retry && (
        <button type="button" className="btn" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Shows what is there; an error with old content keeps the content and says since when it is old. */
export function Loaded<T>({
  query,
  children,
  missing,
}: {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
  /** What a 404 means here, when it is not a fault. */
  missing?: ReactNode;
}) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && (
          <span className="stale" role="status">
            <i aria-hidden="true">!</i> not refreshed since {moment(query.dataUpdatedAt)}
          </span>
        )}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) {
    if (missing !== undefined && query.error instanceof ApiError && query.error.missing) return <>{missing}</>;
    return <Fault error={query.error} retry={() => void query.refetch()} />;
  }
  return null;
}
