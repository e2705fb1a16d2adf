/** A metric over steps. */
export interface Series {
  label: string;
  /** Who it is: decides colour and line style. */
  role: 'candidate' | 'champion' | 'other';
  steps: number[];
  values: (number | null)[];
}

/** Series of different steps on one x axis: a gap where a series has no value at a step. */
export function align(series: readonly Series[]): { steps: number[]; columns: (number | null)[][] } {
  const steps = [...new Set(series.flatMap((one) => one.steps))].sort((a, b) => a - b);
  const position = new Map(steps.map((step, index) => [step, index]));
  const columns = series.map((one) => {
    const column: (number | null)[] = new Array(steps.length).fill(null);
    for (const [index, step] of one.steps.entries()) {
      column[position.get(step) as number] = one.values[index] ?? null;
    }
    return column;
  });
  return { steps, columns };
}
