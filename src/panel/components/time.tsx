import { pageLanguage } from '../format/language.ts';
import { durationText, exactTime, relativeTime } from '../format/time.ts';
import { useNow } from './clock.ts';

/** "12 minutes ago", exact on hover. `at` is an ISO date and time. */
export function Time({ at }: { at: string }) {
  const now = useNow(30_000);
  const then = new Date(at);
  const language = pageLanguage();
  return (
    <time class="dbx-time" dateTime={at} title={exactTime(then, language)}>
      {relativeTime(then, now, language)}
    </time>
  );
}

/** How long something took, or takes until now while it has no end. */
export function Took({ from, until }: { from: string; until: string | null }) {
  const now = useNow(until === null ? 1_000 : null);
  const end = until === null ? now.getTime() : Date.parse(until);
  return <span class="dbx-numbers">{durationText(end - Date.parse(from))}</span>;
}
