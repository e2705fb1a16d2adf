import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import uplotCss from 'uplot/dist/uPlot.min.css?inline';
import { pageLanguage } from '../format/language.ts';
import { metricFormat } from '../format/number.ts';
import { adoptStyle } from '../style/adopt.ts';
import type { Series } from './align.ts';
import { align, sameSeries } from './align.ts';
import chartCss from './chart.css?inline';
import { valueRange } from './value-range.ts';

export interface MetricChartProps {
  title: string;
  /** What the steps count, if it is known. */
  unit?: string;
  series: Series[];
  /** The value that must not be crossed. */
  gate?: number;
  /** px */
  height?: number;
}

interface Palette {
  candidate: string;
  champion: string;
  other: string;
  grid: string;
  text: string;
  gate: string;
}

/** uPlot draws on a canvas: the theme's variables are read as the colours that they are now. */
function palette(element: Element): Palette {
  const style = getComputedStyle(element);
  const read = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  return {
    candidate: read('--color-primary', '#4183c4'),
    champion: read('--color-text-light-2', '#767676'),
    other: read('--color-orange', '#f2711c'),
    grid: read('--color-secondary', '#d0d7de'),
    text: read('--color-text-light-1', '#666666'),
    gate: read('--color-error-text', '#cc4848'),
  };
}

const dashes = { candidate: undefined, champion: [5, 3], other: [2, 3] };

/** One metric over steps, candidate against production, with the gate; the legend carries the crosshair's values. */
export function MetricChart({ title, unit, series: given, gate, height = 190 }: MetricChartProps) {
  const series = useSame(given);
  const host = useRef<HTMLDivElement>(null);
  /** Index of the step under the crosshair, and where that is on the canvas, px. */
  const [cross, setCross] = useState<{ at: number; left: number } | null>(null);
  const at = cross?.at ?? null;
  const { steps, columns } = useMemo(() => align(series), [series]);
  const format = useMemo(
    () =>
      metricFormat(
        series.flatMap((one) => one.values.slice(-1)),
        pageLanguage(),
      ),
    [series],
  );

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    adoptStyle(uplotCss, chartCss);
    let chart = draw(element);
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) chart.setSize({ width: element.clientWidth, height });
    });
    resize.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => {
      chart.destroy();
      chart = draw(element);
    };
    dark.addEventListener('change', redraw);
    return () => {
      dark.removeEventListener('change', redraw);
      resize.disconnect();
      chart.destroy();
    };

    function draw(parent: HTMLElement): uPlot {
      const colours = palette(parent);
      const last = columns.map((column) => column.findLast((value) => value !== null) ?? Number.NaN);
      const range = valueRange(
        columns.flat().filter((value) => value !== null),
        gate === undefined ? last : [...last, gate],
      );
      return new uPlot(
        {
          width: parent.clientWidth || 320,
          height,
          legend: { show: false },
          cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false } },
          scales: { x: { time: false }, y: { range: () => range } },
          axes: [
            {
              stroke: colours.text,
              grid: { stroke: colours.grid, width: 1 },
              ticks: { show: false },
              size: 28,
            },
            {
              stroke: colours.text,
              grid: { stroke: colours.grid, width: 1 },
              ticks: { show: false },
              size: 52,
            },
          ],
          series: [
            {},
            ...series.map((one) => ({
              label: one.label,
              stroke: colours[one.role],
              width: one.role === 'candidate' ? 2 : 1.5,
              dash: dashes[one.role],
              points: { show: false },
              spanGaps: true,
            })),
          ],
          hooks: {
            setCursor: [(plot) => setCross(crossOf(plot))],
            draw: gate === undefined ? [] : [(plot) => drawGate(plot, gate, format(gate), colours.gate)],
          },
        },
        [steps, ...columns] as uPlot.AlignedData,
        parent,
      );
    }
  }, [series, gate, height, columns, steps, format]);

  return (
    <figure class="dbx-chart" aria-label={`${title} over ${unit ?? 'steps'}`}>
      <figcaption class="dbx-chart-head">
        <b>{title}</b>
        <span class="dbx-chart-legend">
          {series.map((one, index) => (
            <span key={one.label} class={`dbx-chart-key dbx-chart-${one.role}`}>
              {one.label} <b>{format(valueAt(columns[index] ?? [], at))}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div class="dbx-chart-plot">
        <div ref={host} />
        {cross !== null && (
          <span class="dbx-chart-at" style={{ left: `${cross.left}px` }}>
            {steps[cross.at]}
          </span>
        )}
      </div>
    </figure>
  );
}

/** Where the crosshair stands; null when the pointer is elsewhere. */
function crossOf(plot: uPlot): { at: number; left: number } | null {
  const { idx, left } = plot.cursor;
  if (idx === null || idx === undefined || left === undefined || left < 0) return null;
  return { at: idx, left: plot.over.offsetLeft + left };
}

/** The series of before as long as they say the same, so that a refresh of the page draws nothing anew. */
function useSame(given: Series[]): Series[] {
  const kept = useRef(given);
  if (!sameSeries(kept.current, given)) kept.current = given;
  return kept.current;
}

/** The value under the crosshair, or the newest before it; without a crosshair the last one. */
function valueAt(column: readonly (number | null)[], at: number | null): number | null {
  const until = at === null ? column : column.slice(0, at + 1);
  return until.findLast((value) => value !== null) ?? null;
}

/** A dotted line with its value, drawn over the series. */
function drawGate(plot: uPlot, gate: number, text: string, colour: string): void {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(gate, 'y', true);
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${11 * devicePixelRatio}px sans-serif`;
  ctx.textAlign = 'right';
  ctx.fillText(`gate ${text}`, bbox.left + bbox.width - 4, y - 4 * devicePixelRatio);
  ctx.restore();
}
