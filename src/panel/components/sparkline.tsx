import { adoptStyle } from '../style/adopt.ts';
import css from './sparkline.css?inline';

adoptStyle(css);

/**
 * A small line without axes. Values are drawn oldest first, evenly spaced, over their own range; fewer than two
 * draw nothing. `tone` colours the last point.
 */
export function Sparkline(props: {
  values: readonly number[];
  label: string;
  width?: number;
  height?: number;
  tone?: 'candidate' | 'fail';
}) {
  const { values, label, width = 54, height = 16, tone = 'candidate' } = props;
  const points = sparkPoints(values, width, height);
  const last = points.at(-1);
  if (points.length < 2 || last === undefined) return null;
  return (
    <svg
      class={`dbx-spark dbx-spark-${tone}`}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <polyline points={points.map(([x, y]) => `${x},${y}`).join(' ')} />
      <circle cx={last[0]} cy={last[1]} r={2.5} />
    </svg>
  );
}

/** Where the points lie, in px, with room for the last one's dot; values that are no numbers are left out. */
export function sparkPoints(values: readonly number[], width: number, height: number): [number, number][] {
  const finite = values.filter(Number.isFinite);
  const least = Math.min(...finite);
  const range = Math.max(...finite) - least || 1;
  const edge = 3;
  return finite.map((value, index) => [
    round(edge + (index / Math.max(1, finite.length - 1)) * (width - 2 * edge)),
    round(height - edge - ((value - least) / range) * (height - 2 * edge)),
  ]);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
