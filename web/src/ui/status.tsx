/** Status is shape and word; colour comes third. */
import { words } from "../lib/format";

export type Tone = "good" | "warn" | "bad" | "live" | "idle";

const table: Record<Tone, [glyph: string, states: string[]]> = {
  good: ["✓", ["ok", "good", "succeeded", "finished", "passed", "pass", "done", "accepted", "healthy", "published", "ready", "intact", "champion", "deployed", "full", "closed", "stable", "valid", "completed", "fired", "served", "steady", "holds"]],
  bad: ["✗", ["failed", "bad", "rejected", "fail", "broken", "error", "refused", "alarm", "killed", "unhealthy", "critical", "lost", "invalid", "drift", "blocked", "failing", "alarmed"]],
  warn: ["!", ["warn", "warning", "attention", "waiting_approval", "degraded", "suppressed", "stale", "open", "rolled_back", "late", "paused", "cancelled", "canceled", "interrupted", "warned"]],
  live: ["●", ["running", "working", "active", "canary", "rolling_out", "starting", "live", "scheduled", "shadow", "claimed", "spawned", "serving", "in_progress", "cancelling", "loading"]],
  idle: ["◌", ["idle", "waiting", "pending", "queued", "skipped", "skip", "no_change", "none", "merged", "unknown", "empty", "retired", "inactive", "stopped", "archived", "restored", "superseded", "not_enough_rows", "not_enough_labels"]],
};

export function toneOf(state: string | null | undefined): Tone {
  const key = (state ?? "").toLowerCase();
  for (const tone of Object.keys(table) as Tone[]) if (table[tone][1].includes(key)) return tone;
  return "idle";
}

export function Status({ state, tone, children, title }: { state: string; tone?: Tone; children?: React.ReactNode; title?: string }) {
  const shade = tone ?? toneOf(state);
  return (
    <span className={`st ${shade}`} title={title}>
      <i aria-hidden="true">{table[shade][0]}</i>
      <span>{children ?? words(state.toLowerCase())}</span>
    </span>
  );
}

/** The shape alone, with its word for those who cannot see it. */
export function Glyph({ state, tone }: { state: string; tone?: Tone }) {
  const shade = tone ?? toneOf(state);
  return (
    <span className={`st ${shade}`} title={words(state.toLowerCase())}>
      <i aria-hidden="true">{table[shade][0]}</i>
      <span className="sr">{words(state.toLowerCase())}</span>
    </span>
  );
}

/** The shape of each tone, for drawings. */
export const glyphs: Record<Tone, string> = { good: table.good[0], bad: table.bad[0], warn: table.warn[0], live: table.live[0], idle: table.idle[0] };
