/**
 * The range of the y axis: from robust quantiles, so that the first steps of a training do not flatten the rest,
 * but always with the last values and the gate inside.
 *
 * @param always values that must be visible (last points, the gate)
 */
export function valueRange(values: readonly number[], always: readonly number[]): [number, number] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const candidates = [at(0.02), at(0.9), ...always.filter(Number.isFinite)];
  const spread = at(0.9) - at(0.02);
  // A series without outliers is shown whole.
  for (const end of [sorted[0], sorted.at(-1)]) {
    if (end !== undefined && Math.abs(end - at(0.5)) <= 2 * spread) candidates.push(end);
  }
  const low = Math.min(...candidates);
  const high = Math.max(...candidates);
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - margin, high + margin];
}
