import type { Series } from '../training/ports.ts';

interface Point {
  step: number;
  value: number;
}

function points(series: Series): Point[] {
  return series.steps.flatMap((step, index) => {
    const value = series.values[index] ?? null;
    return value === null ? [] : [{ step, value }];
  });
}

/** Value at a step, on the straight line between its neighbours. */
function at(line: readonly Point[], step: number): number {
  const right = line.findIndex((point) => point.step >= step);
  if (right <= 0) return (line[right === 0 ? 0 : line.length - 1] as Point).value;
  const [a, b] = [line[right - 1] as Point, line[right] as Point];
  return a.value + ((b.value - a.value) * (step - a.step)) / (b.step - a.step);
}

const digits = (value: number) => Number(value.toPrecision(5));

/** Values outside of these would squeeze the rest: the first steps of a loss often do. */
function range(values: readonly number[]): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (part: number) => sorted[Math.round(part * (sorted.length - 1))] ?? 0;
  const [low, high] = [quantile(0), quantile(0.95)];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [digits(low - room), digits(high + room)];
}

/**
 * A mermaid `xychart-beta` of one metric over steps, as Gitea renders it; null where there is no curve.
 * The baseline is drawn where both have steps, grey and below the candidate.
 */
export function metricChart(
  metric: string,
  candidate: Series | null,
  baseline: Series | null,
): string | null {
  const own = candidate ? points(candidate) : [];
  const other = baseline ? points(baseline) : [];
  const [first, last] = [own[0], own.at(-1)];
  if (!first || !last || first.step === last.step) return null;
  const [from, to] = [
    Math.max(first.step, other[0]?.step ?? first.step),
    Math.min(last.step, other.at(-1)?.step ?? last.step),
  ];
  const both = other.length > 1 && to > from;
  const [start, end] = both ? [from, to] : [first.step, last.step];
  const count = Math.max(2, Math.min(30, own.length));
  const grid = Array.from({ length: count }, (_, index) => start + ((end - start) * index) / (count - 1));
  const lines = [...(both ? [other] : []), own].map((line) => grid.map((step) => digits(at(line, step))));
  const [low, high] = range(lines.flat());
  const name = metric.replace(/[^\w .:/%-]/g, ' ').slice(0, 60);
  return [
    '---',
    'config:',
    '  themeVariables:',
    '    xyChart:',
    '      backgroundColor: "transparent"',
    `      plotColorPalette: "${both ? '#888888, #4183c4' : '#4183c4'}"`,
    '  xyChart:',
    '    width: 640',
    '    height: 220',
    '---',
    'xychart-beta',
    `  x-axis "step" ${digits(start)} --> ${digits(end)}`,
    `  y-axis "${name}" ${low} --> ${high}`,
    ...lines.map(
      (values) => `  line [${values.map((value) => Math.min(high, Math.max(low, value))).join(', ')}]`,
    ),
  ].join('\n');
}
