import type { Release, ReleaseStep } from '../../../contract/release.ts';
import type { IconShape } from '../../components/icon.tsx';
import { Icon } from '../../components/icon.tsx';
import {
  checkCircleFillIcon,
  checkIcon,
  circleIcon,
  historyIcon,
  runningIcon,
  xIcon,
} from '../../components/icons.ts';
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
      {release.state === 'succeeded' && <Success release={release} />}
      <div class="dbx-card">
        <table
          class={release.is === null ? 'dbx-table dbx-steps' : 'dbx-table dbx-steps dbx-steps-read'}
          aria-live="polite"
        >
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
                    {step.detail && step.state !== 'done' && (
                      <div class="dbx-light dbx-small">{step.detail}</div>
                    )}
                  </td>
                  <td class={release.is === null ? 'dbx-light' : undefined}>{isNow(step, release)}</td>
                  <td>{step.to}</td>
                  <td class="dbx-step-state">
                    <Icon of={icon} class={`dbx-tone-${tone}`} /> {text}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {release.state === 'partial' && (
        <p class="dbx-light dbx-small">
          Until this is settled, nobody can start another release of this model.
        </p>
      )}
    </>
  );
}

/** What was done and how long it took, then what was read back. */
function Success({ release }: { release: Release }) {
  const { fromVersion, toVersion, kind, createdAt, endedAt } = release;
  const did = kind === 'rollback' ? 'Rolled back' : 'Promoted';
  const way = fromVersion === null ? `v${toVersion}` : `from v${fromVersion} to v${toVersion}`;
  return (
    <div class="dbx-notice dbx-notice-success" role="status">
      <Icon of={checkCircleFillIcon} />
      <span class="dbx-notice-text">
        <b>
          {`${did} ${way}`}
          {endedAt && (
            <>
              {' in '}
              <Took from={createdAt} until={endedAt} />
            </>
          )}
          .
        </b>{' '}
        {truth(release)}
      </span>
    </div>
  );
}

/** What was read back for a step; before that, what it starts from. */
function isNow(step: ReleaseStep, { is, fromVersion, toVersion }: Release): string {
  if (is === null) return step.from;
  if (step.name === 'read-back') return step.detail ?? '–';
  const now = step.name === 'alias' ? is.alias : is.traffic;
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
