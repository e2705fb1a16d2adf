import type { PullView } from '../../../contract/pull.ts';
import type { ProblemError } from '../../api/problem-error.ts';
import type { SignIn } from '../../api/sign-in.ts';
import { Access } from '../../components/access-later.ts';
import { useNow } from '../../components/clock.ts';
import { unlinkIcon } from '../../components/icons.ts';
import { Outage } from '../../components/outage.tsx';
import { Notice } from '../../components/states.tsx';
import { pageLanguage } from '../../format/language.ts';
import { clockTime } from '../../format/time.ts';
import type { Connection } from '../../live/live.ts';
import type { PullModel } from '../../models/pull-model.ts';
import { Refusal } from './refusal.tsx';

export interface BoxNotesProps {
  view: PullView;
  /** Why the newest attempt to fetch failed; what is shown is the last answer. */
  problem: ProblemError | null;
  model: PullModel;
  live: Connection;
  signIn: SignIn;
  refresh: () => void;
}

/** What a reader must know before the numbers: how old they are, and what the backend has to say. */
export function BoxNotes({ view, model, problem, live, signIn, refresh }: BoxNotesProps) {
  const now = useNow(30_000);
  const loadedAt = model.view.loadedAt.value;
  const again = (
    <button type="button" class="dbx-plain" onClick={refresh}>
      Try now
    </button>
  );
  const asOf = loadedAt === null ? '' : ` Shown as of ${clockTime(loadedAt, now, pageLanguage())}.`;
  return (
    <>
      <Outage connection={view.connection} action={again} />
      {problem !== null && (problem.code === 'signed-out' || problem.code === 'consent-needed') && (
        <Access problem={problem} signIn={signIn} purpose="again to see what changed" retry={refresh} />
      )}
      {problem !== null && problem.code !== 'signed-out' && problem.code !== 'consent-needed' && (
        <Notice tone="warning" icon={unlinkIcon} action={again}>
          {problem.message}
          {asOf}
        </Notice>
      )}
      {problem === null && live === 'down' && (
        <Notice tone="warning" icon={unlinkIcon} action={again}>
          Live updates are interrupted.{asOf}
        </Notice>
      )}
      {view.notes.map((note) => (
        <Notice key={note.text} tone={note.kind}>
          {note.text}
        </Notice>
      ))}
      <Refusal model={model} />
    </>
  );
}
