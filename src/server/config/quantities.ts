const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** @param text `90s`, `30m`, `2h` @returns seconds; null when it is no such text */
export function parseDuration(text: string): number | null {
  const parts = /^(\d{1,6})\s*([smh])$/.exec(text.trim());
  return parts ? Number(parts[1]) * unitSeconds[parts[2]!]! : null;
}

/** @param given `2%` or `0.02` @returns the fraction (0.02); null when it is neither */
export function parseFraction(given: string | number): number | null {
  if (typeof given === 'number') return given >= 0 && given <= 1 ? given : null;
  const parts = /^(\d{1,3}(?:\.\d{1,6})?)\s*%$/.exec(given.trim());
  const percent = parts ? Number(parts[1]) : Number.NaN;
  // Dividing by 100 is exact to the last digit for what people write; multiplying by 0.01 is not.
  return percent >= 0 && percent <= 100 ? percent / 100 : null;
}
