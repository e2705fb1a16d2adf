import type { MetricComparison } from '../../contract/metric.ts';
import { percentFormat, signedFormat } from '../format/change.ts';
import { metricFormat } from '../format/number.ts';
import type { IconShape } from './icon.tsx';
import { checkIcon, dashIcon, xIcon } from './icons.ts';

/** How a row of a comparison is said; the same in the strip, the table and the rollback dialog. */
export interface MetricWords {
  mark: { icon: IconShape; tone: 'pass' | 'fail' | 'quiet'; label: string };
  candidate: string;
  baseline: string;
  /** Null when there is nothing to compare with. */
  change: {
    tone: 'better' | 'worse' | 'broken' | 'plain';
    direction: 'up' | 'down' | 'level';
    absolute: string;
    /** "+4.6%"; the absolute change where the baseline is 0. */
    short: string;
    percent: string | null;
    /** "better", "worse", "same" or nothing. */
    word: string;
  } | null;
  /** "≤ 0.246"; null: no gate, or one that needs a baseline and has none. */
  bound: string | null;
  /** "+2%" where the allowed regression decides, not the limit. */
  allowed: string | null;
}

/** The words for one row, in the given language. */
export function metricWords(row: MetricComparison, language: string): MetricWords {
  const gate = row.gate;
  const bound = gate?.bound ?? gate?.limit ?? null;
  const format = metricFormat([row.candidate, row.baseline, bound], language);
  const percent = percentFormat(language);
  const byRegression =
    gate !== null && gate.regression !== null && gate.bound !== null && gate.bound !== gate.limit;
  const sign = gate?.direction === 'lower' ? 1 : -1;
  return {
    mark: gateMark(gate),
    candidate: format(row.candidate),
    baseline: format(row.baseline),
    change: changeWords(row, language),
    bound:
      gate === null || bound === null ? null : `${gate.direction === 'lower' ? '≤' : '≥'} ${format(bound)}`,
    allowed: byRegression ? percent((gate.regression ?? 0) * sign) : null,
  };
}

/** "+4.6% worse, limit +2%": the line under the number in the strip. */
export function stripLine(row: MetricComparison, words: MetricWords): string {
  if (row.candidate === null) return row.gate === null ? 'not logged' : 'not logged: fails its gate';
  if (words.change === null) return words.bound === null ? 'no baseline' : `limit ${words.bound}`;
  const said = [words.change.short, words.change.word].filter((part) => part !== '').join(' ');
  if (row.gate?.outcome === 'fail') return `${said}, limit ${words.allowed ?? words.bound ?? ''}`.trim();
  if (row.trend === 'worse' && row.gate !== null)
    return `${said}, within ${words.allowed ?? words.bound ?? ''}`;
  return said;
}

function gateMark(gate: MetricComparison['gate']): MetricWords['mark'] {
  if (gate === null) return { icon: dashIcon, tone: 'quiet', label: 'no gate' };
  if (gate.outcome === 'pass') return { icon: checkIcon, tone: 'pass', label: 'passes its gate' };
  if (gate.outcome === 'fail') return { icon: xIcon, tone: 'fail', label: 'fails its gate' };
  return { icon: dashIcon, tone: 'quiet', label: 'gate without a baseline' };
}

function changeWords(row: MetricComparison, language: string): MetricWords['change'] {
  if (row.change === null) return null;
  const absolute = signedFormat(language)(row.change);
  const percent = row.relativeChange === null ? null : percentFormat(language)(row.relativeChange);
  const tones = { better: 'better', worse: 'worse', same: 'plain', unknown: 'plain' } as const;
  return {
    tone: row.gate?.outcome === 'fail' ? 'broken' : tones[row.trend],
    direction: row.change > 0 ? 'up' : row.change < 0 ? 'down' : 'level',
    absolute,
    short: percent ?? absolute,
    percent,
    word: row.trend === 'unknown' ? '' : row.trend,
  };
}
