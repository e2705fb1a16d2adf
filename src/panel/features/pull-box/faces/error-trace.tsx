/** The end of an error's trace as text, its last line (what went wrong) in red. */
export function ErrorTrace({ trace, lines = 12 }: { trace: string; lines?: number }) {
  const shown = trace.trimEnd().split('\n').slice(-lines);
  const last = shown.pop() ?? '';
  return (
    <pre class="dbx-trace">
      {shown.length > 0 && `${shown.join('\n')}\n`}
      <b class="dbx-change-broken">{last}</b>
    </pre>
  );
}
