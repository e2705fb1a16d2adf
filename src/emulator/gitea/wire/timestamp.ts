/** Seconds since the epoch as Gitea's API writes them: RFC 3339 in UTC, no fraction. */
export function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** `timestamp`, null for "never". */
export function timestampOrNull(seconds: number | null): string | null {
  return seconds === null ? null : timestamp(seconds);
}

/** Go's zero time: what Gitea writes where it hides or does not know a time. */
export const zeroTime = '0001-01-01T00:00:00Z';
