import type { FormatNumber } from './number.ts';
import { isNumber, missing, significant } from './number.ts';

/** A signed difference, with three significant digits and a true minus: "+0.011", "−1". */
export function signedFormat(language: string): FormatNumber {
  return (value) =>
    isNumber(value) ? withSign(value, significant(Math.abs(value), 3, language, 1)) : missing;
}

/** A fraction as a signed percentage: 0.046 → "+4.6%"; finer below a tenth of a percent. */
export function percentFormat(language: string): FormatNumber {
  return (value) => {
    if (!isNumber(value)) return missing;
    const percent = Math.abs(value) * 100;
    const options: Intl.NumberFormatOptions =
      percent >= 100
        ? { maximumFractionDigits: 0 }
        : percent >= 0.1 || percent === 0
          ? { maximumFractionDigits: 1 }
          : { maximumSignificantDigits: 1 };
    return withSign(value, `${new Intl.NumberFormat(language, options).format(percent)}%`);
  };
}

function withSign(value: number, text: string): string {
  return value > 0 ? `+${text}` : value < 0 ? `−${text}` : text;
}
