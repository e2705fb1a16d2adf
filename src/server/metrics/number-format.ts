/** Text for numbers in comments, statuses and verdicts: English, as the report is. The panel formats by itself. */

const trueMinus = (text: string) => text.replace(/-/g, '\u2212');

function withDigits(value: number, digits: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude < 1e-4 || magnitude >= 1e9) {
    const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
    return trueMinus(`${Number(mantissa)}e${Number(exponent)}`);
  }
  // Whole numbers keep all their digits: 1,234 must not read 1,230.
  const whole = Math.floor(Math.log10(magnitude)) + 1;
  const most = Math.min(21, Math.max(digits, whole));
  // 0.53 beside 0.555 reads 0.530; whole numbers stay whole.
  const format = new Intl.NumberFormat('en', {
    minimumSignificantDigits: Number.isInteger(value) ? 1 : Math.min(digits, most),
    maximumSignificantDigits: most,
  });
  return trueMinus(format.format(value));
}

/** "0.252", "1,234", "−3.1e−7": three significant digits; an en dash where there is no value. */
export function formatMetric(value: number | null): string {
  return value === null ? '\u2013' : withDigits(value, 3);
}

/** Values that stand beside each other: more digits only while two different ones would look equal. */
export function formatTogether(values: readonly (number | null)[]): string[] {
  const known = [...new Set(values.filter((value) => value !== null))];
  for (let digits = 3; digits < 12; digits++) {
    if (new Set(known.map((value) => withDigits(value, digits))).size === known.length) {
      return values.map((value) => (value === null ? '\u2013' : withDigits(value, digits)));
    }
  }
  return values.map((value) => (value === null ? '\u2013' : withDigits(value, 12)));
}

/** "4.6%" of a fraction, without a sign; below 0.05 % "<0.1%". */
export function formatPercent(fraction: number): string {
  const percent = Math.abs(fraction) * 100;
  if (percent > 0 && percent < 0.05) return '<0.1%';
  const format = new Intl.NumberFormat('en', { maximumFractionDigits: percent < 9.95 ? 1 : 0 });
  return `${format.format(percent)}%`;
}

/** "+4.6%", "−2.4%", "±0%"; the absolute difference where a fraction makes no sense (baseline 0). */
export function formatChange(change: number, relativeChange: number | null): string {
  if (change === 0) return '\u00b10%';
  const sign = change > 0 ? '+' : '\u2212';
  return sign + (relativeChange === null ? withDigits(Math.abs(change), 3) : formatPercent(relativeChange));
}
