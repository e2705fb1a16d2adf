/** Samples of one duration in milliseconds. */
export interface Summary {
  count: number;
  median: number;
  smallest: number;
  largest: number;
}

/** @param samples at least one, in milliseconds */
export function summarise(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  const [smallest, largest] = [sorted[0], sorted.at(-1)];
  if (smallest === undefined || largest === undefined) throw new Error('there is no sample to summarise');
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]] as [number, number];
  return { count: sorted.length, median: (low + high) / 2, smallest, largest };
}
