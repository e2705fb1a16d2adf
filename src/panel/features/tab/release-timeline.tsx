import type { Release } from '../../../contract/release.ts';
import { pageLanguage } from '../../format/language.ts';
import { metricFormat } from '../../format/number.ts';

const width = 1000;
const height = 220;
const edge = { left: 56, right: 24, top: 28, bottom: 32 };
const shown = 12;

interface Point {
  x: number;
  y: number;
  release: Release;
  value: number;
}

/** Where the points lie: x is the release, not the calendar; oldest first. */
export function releasePoints(releases: readonly Release[]): { points: Point[]; low: number; high: number } {
  const measured = releases
    .filter((release) => release.state === 'succeeded' && release.metric !== null)
    .slice(0, shown)
    .reverse();
  const values = measured.map((release) => release.metric as number);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const range = high - low || Math.abs(high) || 1;
  const step = (width - edge.left - edge.right) / Math.max(1, measured.length);
  const points = measured.map((release, index) => ({
    x: edge.left + step * (index + 0.5),
    y: edge.top + (1 - ((release.metric as number) - low) / range) * (height - edge.top - edge.bottom),
    release,
    value: release.metric as number,
  }));
  return { points, low, high };
}

/** The primary metric in production as a staircase: a promotion is a dot, a rollback an orange diamond. */
export function ReleaseSteps({ releases, metric }: { releases: Release[]; metric: string | null }) {
  const { points, low, high } = releasePoints(releases);
  if (metric === null || points.length < 2) return null;
  const format = metricFormat(
    points.map((point) => point.value),
    pageLanguage(),
  );
  const day = new Intl.DateTimeFormat(pageLanguage(), { day: 'numeric', month: 'short' });
  const path = points
    .map((point, index) => (index === 0 ? `M${point.x},${point.y}` : `H${point.x}V${point.y}`))
    .join('');
  const bottom = height - edge.bottom;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        {metric} in production
        <span class="dbx-legend">
          <span class="dbx-legend-promotion">promotion</span>
          <span class="dbx-legend-rollback">rollback</span>
        </span>
      </h3>
      <svg
        class="dbx-staircase"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`${metric} of the releases: ${points.map((point) => `v${point.release.toVersion} ${format(point.value)}`).join(', ')}`}
      >
        {[...new Set([high, low])].map((value) => {
          const y = value === high ? edge.top : bottom;
          return (
            <g key={value}>
              <line class="dbx-grid" x1={edge.left} x2={width - edge.right} y1={y} y2={y} />
              <text class="dbx-axis" x={edge.left - 8} y={y + 4} text-anchor="end">
                {format(value)}
              </text>
            </g>
          );
        })}
        <path class="dbx-stairs" d={`${path}H${width - edge.right}`} />
        {points.map((point) => (
          <g key={point.release.id}>
            {point.release.kind === 'rollback' ? (
              <rect
                class="dbx-diamond"
                x={point.x - 5}
                y={point.y - 5}
                width={10}
                height={10}
                transform={`rotate(45 ${point.x} ${point.y})`}
              />
            ) : (
              <circle class="dbx-dot" cx={point.x} cy={point.y} r={4.5} />
            )}
            <text class="dbx-step-label" x={point.x} y={point.y - 10} text-anchor="middle">
              {`v${point.release.toVersion}`}
            </text>
            <text class="dbx-axis" x={point.x} y={height - 10} text-anchor="middle">
              {day.format(new Date(point.release.createdAt))}
            </text>
          </g>
        ))}
      </svg>
    </section>
  );
}
