import type { ReleasePlan } from '../../../contract/release.ts';
import type { IconShape } from '../../components/icon.tsx';
import { Icon } from '../../components/icon.tsx';
import { alertIcon, checkIcon, lockIcon } from '../../components/icons.ts';
import { MetricTable } from '../../components/metric-table.tsx';
import { Notice } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import { arrowRightIcon, serverIcon, tagIcon, verifiedIcon } from '../tab/icons.ts';
import type { ReleaseModel } from './release-model.ts';

const names: Record<ReleasePlan['effects'][number]['kind'], string> = {
  endpoint: 'Endpoint',
  alias: 'Alias',
  signature: 'Signature',
  hold: 'Hold',
  approvals: 'Approval',
};

const icons: Record<ReleasePlan['effects'][number]['kind'], IconShape> = {
  endpoint: serverIcon,
  alias: tagIcon,
  signature: checkIcon,
  hold: lockIcon,
  approvals: verifiedIcon,
};

/** From and to are largest; then what gets better and worse, what moves, and why. */
export function Plan({ plan, model, link }: { plan: ReleasePlan; model: ReleaseModel; link: string }) {
  const { from, to } = plan;
  return (
    <>
      {plan.blocked.length > 0 && (
        <div id="dbx-blocked">
          {plan.blocked.map((reason) => (
            <Notice key={reason} tone="error">
              {reason}
            </Notice>
          ))}
        </div>
      )}
      <div class="dbx-from-to">
        <div class="dbx-side">
          <span class="dbx-light dbx-small">In production now</span>
          <b class="dbx-large">{from === null ? 'nothing' : `v${from.version}`}</b>
          {from?.since && (
            <span class="dbx-light dbx-small">
              released <Time at={from.since} />
              {from.by && ` by ${from.by.name}`}
            </span>
          )}
          {from !== null && from.pull !== null && (
            <span class="dbx-light dbx-small">
              from <a href={`${link}/pulls/${from.pull}`}>{`#${from.pull}`}</a>
            </span>
          )}
        </div>
        <Icon of={arrowRightIcon} label="to" />
        <div class="dbx-side dbx-side-to">
          <span class="dbx-light dbx-small">
            {plan.kind === 'rollback' ? 'After the rollback' : 'After the promotion'}
          </span>
          <b class="dbx-large">{`v${to.version}`}</b>
          {to.servedFrom && to.servedUntil && (
            <span class="dbx-light dbx-small">
              served <Took from={to.servedFrom} until={to.servedUntil} />, until <Time at={to.servedUntil} />
            </span>
          )}
          {to.pull === null ? (
            to.title && <span class="dbx-light dbx-small">{to.title}</span>
          ) : (
            <span class="dbx-light dbx-small">
              from <a href={`${link}/pulls/${to.pull}`}>{`#${to.pull} ${to.title ?? ''}`}</a>
            </span>
          )}
        </div>
      </div>
      {plan.metrics.length > 0 && (
        <div class="dbx-card">
          <MetricTable
            rows={plan.metrics}
            candidate={`v${to.version}`}
            baseline={from === null ? 'nothing' : `v${from.version}`}
            gates={false}
          />
        </div>
      )}
      <ul class="dbx-effects dbx-card">
        {plan.effects.map((effect) => (
          <li key={effect.kind} class={effect.level === 'warning' ? 'dbx-change-worse' : undefined}>
            <Icon
              of={effect.level === 'warning' ? alertIcon : icons[effect.kind]}
              class={effect.kind === 'signature' && effect.level === 'ok' ? 'dbx-tone-pass' : undefined}
            />
            <span class="dbx-effect-name">{names[effect.kind]}</span>
            <span>{effect.text}</span>
          </li>
        ))}
      </ul>
      <label class="dbx-reason-field">
        <b>Reason</b> <span class="dbx-light">(optional, stands in the history and the audit log)</span>
        <textarea
          rows={2}
          maxLength={500}
          value={model.reason.value}
          onInput={(event) => {
            model.reason.value = event.currentTarget.value;
          }}
        />
      </label>
    </>
  );
}
