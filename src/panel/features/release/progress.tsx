import type { Release, ReleaseStep } from '../../../contract/release.ts';
import type { IconShape } from '../../components/icon.tsx';
import { Icon } from '../../components/icon.tsx';
import { checkIcon, circleIcon, historyIcon, runningIcon, xIcon } from '../../components/icons.ts';
import { Notice } from '../../components/states.tsx';

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
          <b>{truth(release)}</b> {release.error} Until this is settled, nobody can start another release of
          this model.
        </Notice>
      )}
      {release.state === 'failed' && <Notice tone="error">{release.error}</Notice>}
      {release.state === 'succeeded' && (
        <Notice tone="info">
          <b>{truth(release)}</b>{' '}
          {release.kind === 'rollback' && 'Merges do not promote until somebody lifts the hold.'}
        </Notice>
      )}
      <table class="dbx-table dbx-steps" aria-live="polite">
        <thead>
          <tr>
            <th>Step</th>
            <th>Before</th>
            <th>Planned</th>
            <th />
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
                <td class="dbx-light">{step.from}</td>
                <td>{step.to}</td>
                <td class="dbx-step-state">
                  <Icon of={icon} class={`dbx-tone-${tone}`} /> {text}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

/** What was read back, in one sentence. */
function truth({ is }: Release): string {
  if (is === null) return 'What is true now could not be read.';
  const alias = is.alias === null ? 'The alias points to nothing' : `The alias points to v${is.alias}`;
  return is.traffic === null ? `${alias}.` : `Users get v${is.traffic}. ${alias}.`;
}
