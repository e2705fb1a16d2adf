/** A model's inputs and outputs by name and type, as its MLmodel file states them. */
export interface Signature {
  inputs: string[];
  outputs: string[];
}

function count(columns: readonly string[], noun: string): string {
  return `${columns.length} ${noun}${columns.length === 1 ? '' : 's'}`;
}

/**
 * What callers of the endpoint would notice when it serves `to` instead of `from`.
 *
 * @returns a sentence, and whether it is a reason for a second look
 */
export function compareSignatures(
  from: Signature | null,
  to: Signature | null,
): { text: string; level: 'ok' | 'warning' } {
  if (!from || !to) return { text: 'Unknown: a version has no readable signature', level: 'warning' };
  const parts: string[] = [];
  for (const [noun, before, after] of [
    ['input', from.inputs, to.inputs],
    ['output', from.outputs, to.outputs],
  ] as const) {
    const added = after.filter((column) => !before.includes(column));
    const removed = before.filter((column) => !after.includes(column));
    if (added.length > 0) parts.push(`new ${noun}: ${added.join(', ')}`);
    if (removed.length > 0) parts.push(`${noun} no longer there: ${removed.join(', ')}`);
  }
  if (parts.length > 0) return { text: `Differs: ${parts.join('; ')}`, level: 'warning' };
  return { text: `Identical: ${count(to.inputs, 'input')}, ${count(to.outputs, 'output')}`, level: 'ok' };
}
