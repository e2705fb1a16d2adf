/** Edit distance in which two swapped neighbours count once (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [[...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      }
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** The name that was probably meant; null when none is near (more than a third of the letters differ). */
export function nearestName(given: string, names: readonly string[]): string | null {
  if (given.length > 60) return null;
  const plain = (name: string) => name.toLowerCase().replaceAll('-', '_');
  let nearest: { name: string; far: number } | null = null;
  for (const name of names) {
    const far = distance(plain(given), plain(name));
    if (far <= Math.max(1, Math.floor(name.length / 3)) && (nearest === null || far < nearest.far)) {
      nearest = { name, far };
    }
  }
  return nearest?.name ?? null;
}
