/** A sentence with the given names in bold wherever they stand as whole words. */
export function Emphasis({ text, names }: { text: string; names: readonly string[] }) {
  const known = names.filter((name) => name !== '').map(escapeRegExp);
  if (known.length === 0) return <>{text}</>;
  const parts = text.split(new RegExp(`(?<![\\w.])(${known.join('|')})(?![\\w])`));
  // Odd parts are the names that the split captured.
  return <>{parts.map((part, index) => (index % 2 === 1 ? <b key={`${index}`}>{part}</b> : part))}</>;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
