import type { ComponentChildren } from 'preact';
import type { Connection } from '../../contract/connection.ts';
import { pageLanguage } from '../format/language.ts';
import { clockTime } from '../format/time.ts';
import { useNow } from './clock.ts';
import { unlinkIcon } from './icons.ts';
import { Notice } from './states.tsx';

/** Says that Databricks does not answer, and how old is what is shown; nothing while it does. */
export function Outage({ connection, action }: { connection: Connection; action?: ComponentChildren }) {
  const { state, since, asOf } = connection;
  const now = useNow(state === 'ok' ? null : 60_000);
  if (state === 'ok') return null;
  const clock = (at: string) => clockTime(new Date(at), now, pageLanguage());
  return (
    <Notice tone="warning" icon={unlinkIcon} action={action}>
      Databricks does not answer{since !== null && ` since ${clock(since)}`}
      {asOf === null ? '.' : `; showing the state of ${clock(asOf)}.`}
    </Notice>
  );
}
