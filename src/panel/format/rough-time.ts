/** A rough length of time for "about …": five seconds' steps, then whole minutes. */
export function roughDuration(milliseconds: number): string {
  if (milliseconds < 58_000) return `${Math.max(1, Math.round(milliseconds / 5_000)) * 5} s`;
  return `${Math.round(milliseconds / 60_000)} min`;
}
