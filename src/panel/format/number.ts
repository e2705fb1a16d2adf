/** Shown where there is no value. */
export const missing = '–';

/** Formats values of one metric alike; null and NaN as an en dash. */
export type FormatNumber = (value: number | null | undefined) => string;

/**
 * A formatter for values that stand together: three significant digits, more only while two different ones
 * would look equal (at most 8). Whole numbers stay whole.
 */
export function metricFormat(values: readonly (number | null | undefined)[], language: string): FormatNumber {
  const different = [...new Set(values.filter(isNumber))];
  let digits = 3;
  while (
    digits < 8 &&
    new Set(different.map((value) => significant(value, digits, language))).size < different.length
  ) {
    digits += 1;
  }
  return (value) => (isNumber(value) ? significant(value, digits, language) : missing);
}

/** A count in the page's language. */
export function countFormat(language: string): (value: number) => string {
  const format = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  return (value) => format.format(value);
}

/** The number with that many significant digits, at least `least` where it has decimals; a true minus. */
export function significant(value: number, digits: number, language: string, least = digits): string {
  return trueMinus(new Intl.NumberFormat(language, notation(value, digits, least)).format(value));
}

function notation(value: number, digits: number, least: number): Intl.NumberFormatOptions {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) {
    return { notation: 'scientific', maximumSignificantDigits: digits };
  }
  if (Number.isInteger(value)) return { maximumFractionDigits: 0 };
  const before = size < 1 ? 0 : Math.floor(Math.log10(size)) + 1;
  // Digits before the point are never rounded away.
  if (before >= digits) return { maximumFractionDigits: 0 };
  return { minimumSignificantDigits: Math.min(least, digits), maximumSignificantDigits: digits };
}

function trueMinus(text: string): string {
  return text.replace('-', '−');
}

/** Whether there is a value to show. */
export function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
