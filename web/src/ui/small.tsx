/** Small drawings: a distribution in a row, a share in a cell. */
import { percent, plural } from "../lib/format";

export interface Bin {
  label: string;
  share: number;
  ref?: number;
}

/** A distribution as bars; the reference behind it in grey where there is one. */
export function Histogram({ bins, width = 132, height = 24, label }: { bins: Bin[]; width?: number; height?: number; label: string }) {
  if (bins.length === 0) return <span className="ink3">–</span>;
  const top = Math.max(...bins.map((b) => Math.max(b.share, b.ref ?? 0))) || 1;
  const step = width / bins.length;
  const gap = step > 5 ? 1 : 0.4;
  const high = bins.reduce((a, b) => (b.share > a.share ? b : a));
  return (
    <svg className="hist" width={width} height={height} role="img" aria-label={`${label}: ${plural(bins.length, "bin")}, most in ${high.label} (${percent(high.share)})`}>
      {bins.map((bin, i) => {
        const h = Math.max(bin.share > 0 ? 1 : 0, (bin.share / top) * (height - 2));
        const r = ((bin.ref ?? 0) / top) * (height - 2);
        return (
          <g key={`${i} ${bin.label}`}>
            <title>{`${bin.label}: ${percent(bin.share)}${bin.ref === undefined ? "" : ` (reference ${percent(bin.ref)})`}`}</title>
            {bin.ref !== undefined && <rect className="ref" x={i * step} y={height - 1 - r} width={Math.max(step - gap, 0.6)} height={r} />}
            <rect x={i * step + (bin.ref === undefined ? 0 : step * 0.25)} y={height - 1 - h} width={Math.max((bin.ref === undefined ? step : step * 0.5) - gap, 0.6)} height={h} />
          </g>
        );
      })}
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
    </svg>
  );
}

/** A share as a short bar beside its number. */
export function Meter({ share, tone, label }: { share: number; tone?: "warn" | "bad"; label: string }) {
  return (
    <span className={`meter ${tone ?? ""}`} role="img" aria-label={label} title={label}>
      <i style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
    </span>
  );
}
