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

/** Whether both would draw the same. */
export function sameSeries(some: readonly Series[], others: readonly Series[]): boolean {
  const same = <T>(a: readonly T[], b: readonly T[]) =>
    a.length === b.length && a.every((value, index) => value === b[index]);
  return (
    some === others ||
    (some.length === others.length &&
      some.every((one, index) => {
        const other = others[index] as Series;
        return (
          one.label === other.label &&
          one.role === other.role &&
          same(one.steps, other.steps) &&
          same(one.values, other.values)
        );
      }))
  );
}
