import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Release } from '../../../contract/release.ts';
import { pageLanguage } from '../../format/language.ts';
import { metricFormat } from '../../format/number.ts';

const height = 220;
const edge = { left: 56, right: 16, top: 30, bottom: 32 };
/** px that one release needs, so that neither versions nor days overlap. */
const room = 68;

export interface ReleasePoint {
  x: number;
  y: number;
  release: Release;
  value: number;
  /** The step goes down to here: the version stands below, clear of the line. */
  falls: boolean;
}

/** Where the newest releases that fit lie: x is the release, not the calendar; oldest first. */
export function releasePoints(
  releases: readonly Release[],
  metricOf: (release: Release) => number | null,
  width: number,
): { points: ReleasePoint[]; low: number; high: number } {
  const across = width - edge.left - edge.right;
  const measured = releases
    .flatMap((release) => {
      const value = release.state === 'succeeded' ? metricOf(release) : null;
      return value === null ? [] : [{ release, value }];
    })
    .slice(0, Math.max(2, Math.floor(across / room)))
    .reverse();
  const values = measured.map(({ value }) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const range = high - low || Math.abs(high) || 1;
  const step = across / Math.max(1, measured.length);
  const points = measured.map(({ release, value }, index) => ({
    x: edge.left + step * (index + 0.5),
    y: edge.top + (1 - (value - low) / range) * (height - edge.top - edge.bottom - 24),
    release,
    value,
    falls: value < (values[index - 1] ?? Number.NEGATIVE_INFINITY),
  }));
  return { points, low, high };
}

export interface ReleaseStepsProps {
  releases: readonly Release[];
  metric: string;
  metrics: readonly string[];
  metricOf: (release: Release) => number | null;
  onMetric: (metric: string) => void;
}

/** A metric in production as a staircase: a promotion is a dot, a rollback an orange diamond. */
export function ReleaseSteps({ releases, metric, metrics, metricOf, onMetric }: ReleaseStepsProps) {
  const [host, width] = useWidth();
  const { points } = releasePoints(releases, metricOf, width);
  if (releasePoints(releases, metricOf, 10_000).points.length < 2) return null;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        {metric} in production
        <span class="dbx-legend">
          <span class="dbx-legend-promotion">promotion</span>
          <span class="dbx-legend-rollback">rollback</span>
          {metrics.length > 1 && (
            <select
              class="dbx-select dbx-select-small"
              aria-label="Metric"
              value={metric}
              onChange={(event) => onMetric(event.currentTarget.value)}
            >
              {metrics.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </span>
      </h3>
      <div ref={host} class="dbx-staircase-room">
        <Staircase points={points} metric={metric} width={width} />
      </div>
    </section>
  );
}

function Staircase({ points, metric, width }: { points: ReleasePoint[]; metric: string; width: number }) {
  const language = pageLanguage();
  const format = metricFormat(
    points.map((point) => point.value),
    language,
  );
  const path = points
    .map((point, index) => (index === 0 ? `M${point.x},${point.y}` : `H${point.x}V${point.y}`))
    .join('');
  const levels = [...new Map(points.map((point) => [format(point.value), point.y]))];
  return (
    <svg
      class="dbx-staircase"
      width={width}
      height={height}
      role="img"
      aria-label={`${metric} of the releases: ${points.map((point) => `v${point.release.toVersion} ${format(point.value)}`).join(', ')}`}
    >
      {spaced(levels).map(([text, y]) => (
        <g key={text}>
          <line class="dbx-grid" x1={edge.left} x2={width - edge.right} y1={y} y2={y} />
          <text class="dbx-axis" x={edge.left - 8} y={y + 4} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
      <path class="dbx-stairs" d={`${path}H${width - edge.right}`} />
      {points.map((point, index) => (
        <g key={point.release.id}>
          <title>{`v${point.release.toVersion}: ${format(point.value)}`}</title>
          <Mark point={point} />
          <text
            class="dbx-step-label"
            x={point.x}
            y={point.falls ? point.y + 20 : point.y - 11}
            text-anchor="middle"
          >
            {`v${point.release.toVersion}`}
          </text>
          <text class="dbx-axis" x={point.x} y={height - 10} text-anchor="middle">
            {dayText(point, points[index - 1], language)}
          </text>
        </g>
      ))}
    </svg>
  );
}

function Mark({ point: { x, y, release } }: { point: ReleasePoint }) {
  if (release.kind !== 'rollback') return <circle class="dbx-dot" cx={x} cy={y} r={4.5} />;
  return (
    <rect class="dbx-diamond" x={x - 5} y={y - 5} width={10} height={10} transform={`rotate(45 ${x} ${y})`} />
  );
}

/** The day; the time where the release before was on the same day. */
function dayText(point: ReleasePoint, before: ReleasePoint | undefined, language: string): string {
  const at = new Date(point.release.createdAt);
  const sameDay =
    before !== undefined && new Date(before.release.createdAt).toDateString() === at.toDateString();
  const options: Intl.DateTimeFormatOptions = sameDay
    ? { hour: '2-digit', minute: '2-digit' }
    : { day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat(language, options).format(at);
}

/** Only those lines whose texts do not run into each other. */
function spaced(levels: readonly (readonly [string, number])[]): (readonly [string, number])[] {
  const kept: (readonly [string, number])[] = [];
  for (const level of [...levels].sort(([, a], [, b]) => a - b)) {
    if (level[1] - (kept.at(-1)?.[1] ?? Number.NEGATIVE_INFINITY) >= 18) kept.push(level);
  }
  return kept;
}

/** The width in px that there is, as it changes. */
function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const measure = () => {
      if (element.clientWidth > 0) setWidth(element.clientWidth);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [host, width];
}
