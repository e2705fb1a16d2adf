import type { MetricComparison } from '../../contract/metric.ts';

/** Where things lie on the gauge, as fractions of its width. */
export interface GaugeScale {
  candidate: number;
  baseline: number | null;
  /** The forbidden part. */
  from: number;
  to: number;
  outside: boolean;
}

/**
 * The scale that shows the distance to the bound: candidate, baseline and bound with room around them. Null
 * where the gate has no bound or the run no value.
 */
export function gaugeScale(row: MetricComparison): GaugeScale | null {
  const bound = row.gate?.bound ?? row.gate?.limit ?? null;
  if (row.gate === null || bound === null || row.candidate === null) return null;
  const values = [row.candidate, bound, ...(row.baseline === null ? [] : [row.baseline])];
  const range = Math.max(...values) - Math.min(...values) || Math.abs(bound) || 1;
  const least = Math.min(...values) - range * 0.35;
  const width = range * 1.7;
  const at = (value: number) => Math.round(((value - least) / width) * 1000) / 1000;
  const lower = row.gate.direction === 'lower';
  return {
    candidate: at(row.candidate),
    baseline: row.baseline === null ? null : at(row.baseline),
    from: lower ? at(bound) : 0,
    to: lower ? 1 : at(bound),
    outside: row.gate.outcome === 'fail',
  };
}

const width = 76;

/** The bound in red, the baseline as a tick, the candidate as a circle inside or a diamond outside. */
export function GateGauge({ row }: { row: MetricComparison }) {
  const scale = gaugeScale(row);
  if (scale === null) return null;
  const x = scale.candidate * width;
  return (
    <svg class="dbx-gauge" width={width} height={14} viewBox={`0 0 ${width} 14`} aria-hidden="true">
      <rect class="dbx-gauge-track" x={0} y={5} width={width} height={4} rx={2} />
      <rect
        class="dbx-gauge-forbidden"
        x={scale.from * width}
        y={5}
        width={Math.max(0, scale.to - scale.from) * width}
        height={4}
        rx={2}
      />
      {scale.baseline !== null && (
        <rect class="dbx-gauge-baseline" x={scale.baseline * width - 0.75} y={1} width={1.5} height={12} />
      )}
      {scale.outside ? (
        <path class="dbx-gauge-outside" d={`M${x} 1.5l5.5 5.5-5.5 5.5-5.5-5.5z`} />
      ) : (
        <circle class="dbx-gauge-inside" cx={x} cy={7} r={4} />
      )}
    </svg>
  );
}
