/** Grey rows of the final height while something loads; `label` is read out instead. */
export function Skeleton({ rows = 3, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div class="dbx-loading" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="dbx-loading-row" style={{ width: `${[62, 84, 48][row % 3]}%` }} />
      ))}
    </div>
  );
}
