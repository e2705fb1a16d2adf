import { useState } from 'preact/hooks';
import type { ProblemError } from '../api/problem-error.ts';
import type { SignIn } from '../api/sign-in.ts';
import { adoptStyle } from '../style/adopt.ts';
import css from './access.css?inline';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { keyIcon, lockIcon, signInIcon } from './icons.ts';
import { Notice } from './states.tsx';

adoptStyle(css);

export interface AccessProps {
  problem: ProblemError;
  signIn: SignIn;
  /** What is behind it, as the end of a sentence: "to see how this pull request trains". */
  purpose: string;
  /** Fetches again, after signing in or on request. */
  retry: () => void;
}

/**
 * One row in place of content that cannot be shown: signed out, consent needed, forbidden, no answer. The same
 * words in the box and on the tab.
 */
export function Access({ problem, signIn, purpose, retry }: AccessProps) {
  switch (problem.code) {
    case 'signed-out':
    case 'session-of-another-user':
      return (
        <div class="dbx-row">
          <Icon of={signInIcon} />
          <span>
            <a href={signIn.signInUrl}>Sign in</a> {purpose}.
          </span>
        </div>
      );
    case 'consent-needed':
      return <Consent signIn={signIn} retry={retry} />;
    case 'permission-missing':
      return (
        <div class="dbx-row">
          <Icon of={lockIcon} />
          <span>{problem.message}</span>
        </div>
      );
    default:
      return (
        <Notice
          tone="warning"
          action={
            <button type="button" class="dbx-plain" onClick={retry}>
              Try now
            </button>
          }
        >
          {problem.message}
        </Notice>
      );
  }
}

/** Gitea asks once per person; the window opens from this click, so that browsers let it. */
function Consent({ signIn, retry }: Pick<AccessProps, 'signIn' | 'retry'>) {
  const [state, setState] = useState<'idle' | 'open' | 'refused' | 'blocked'>('idle');
  const ask = async () => {
    setState('open');
    const outcome = await signIn.withConsent();
    if (outcome === 'signed-in') retry();
    else setState(outcome);
  };
  return (
    <div class="dbx-row">
      <Icon of={keyIcon} />
      <span class="dbx-row-text">{consentTexts[state]}</span>
      <Button tone="primary" busy={state === 'open'} onClick={() => void ask()}>
        Continue with Gitea
      </Button>
    </div>
  );
}

const consentTexts = {
  idle: 'Training results are shown with your own permissions. Gitea asks you once to allow that.',
  open: 'Gitea asks in the other window.',
  refused: 'Gitea did not give the permission. Nothing is shown without it; you can try again.',
  blocked: 'The browser blocked Gitea’s window. Allow pop-ups for this site, then try again.',
};
