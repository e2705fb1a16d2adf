import type { Release, ReleaseStep } from '../../../contract/release.ts';
import type { IconShape } from '../../components/icon.tsx';
import { Icon } from '../../components/icon.tsx';
import { checkIcon, circleIcon, historyIcon, runningIcon, xIcon } from '../../components/icons.ts';
import { Notice } from '../../components/states.tsx';
import { Took } from '../../components/time.tsx';

const names: Record<ReleaseStep['name'], string> = {
  traffic: 'Switch the traffic',
  alias: 'Move the alias',
  endpoint: 'Load and switch the endpoint',
  'read-back': 'Read back',
};

const marks: Record<ReleaseStep['state'], [IconShape, string, string]> = {
  planned: [circleIcon, 'quiet', 'not yet'],
  running: [runningIcon, 'wait', 'under way'],
  done: [checkIcon, 'pass', 'done'],
  failed: [xIcon, 'fail', 'not done'],
  undone: [historyIcon, 'quiet', 'undone'],
};

/** The steps as they happen, and what is true now. */
export function Progress({ release }: { release: Release }) {
  return (
    <>
      {release.state === 'partial' && (
        <Notice tone="error">
          <b>{truth(release)}</b> {release.error}
        </Notice>
      )}
      {release.state === 'failed' && <Notice tone="error">{release.error}</Notice>}
      {release.state === 'succeeded' && (
        <Notice tone="info">
          <b>{truth(release)}</b>{' '}
          {release.endedAt && (
            <>
              It took <Took from={release.createdAt} until={release.endedAt} />, and was read back.{' '}
            </>
          )}
          {release.kind === 'rollback' && 'Merges do not promote until somebody lifts the hold.'}
        </Notice>
      )}
      <table class="dbx-table dbx-steps" aria-live="polite">
        <thead>
          <tr>
            <th>Step</th>
            <th>{release.is === null ? 'Before' : 'Is'}</th>
            <th>Planned</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {release.steps.map((step) => {
            const [icon, tone, text] = marks[step.state];
            return (
              <tr key={step.name} class={step.state === 'failed' ? 'dbx-step-failed' : undefined}>
                <td>
                  {names[step.name]}
                  {step.detail && <div class="dbx-light dbx-small">{step.detail}</div>}
                </td>
                <td class={release.is === null ? 'dbx-light' : undefined}>{truthOf(step, release)}</td>
                <td>{step.to}</td>
                <td class="dbx-step-state">
                  <Icon of={icon} class={`dbx-tone-${tone}`} /> {text}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {release.state === 'partial' && (
        <p class="dbx-light dbx-small">
          Until this is settled, nobody can start another release of this model.
        </p>
      )}
    </>
  );
}

/** What was read back for a step; before that, what it starts from. */
function truthOf(step: ReleaseStep, { is, fromVersion, toVersion }: Release): string {
  if (is === null) return step.from;
  const now = step.name === 'alias' ? is.alias : step.name === 'read-back' ? null : is.traffic;
  if (now === toVersion) return step.to;
  if (now === fromVersion) return step.from;
  return now === null ? '–' : `v${now}`;
}

/** What was read back, in one sentence. */
function truth({ is }: Release): string {
  if (is === null) return 'What is true now could not be read.';
  const alias = is.alias === null ? 'The alias points to nothing' : `The alias points to v${is.alias}`;
  return is.traffic === null ? `${alias}.` : `Users get v${is.traffic}. ${alias}.`;
}
