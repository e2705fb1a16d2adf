import type { Production } from '../../../contract/release.ts';
import type { RepositoryView } from '../../../contract/repository.ts';
import { PermittedButton } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import {
  checkCircleFillIcon,
  historyIcon,
  lockIcon,
  runningIcon,
  xCircleFillIcon,
} from '../../components/icons.ts';
import { Person } from '../../components/person.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { Badge } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { pageLanguage } from '../../format/language.ts';
import { metricFormat } from '../../format/number.ts';
import type { TabModel } from './tab-model.ts';

const kinds: Record<Production['kind'], string> = {
  promotion: 'released',
  rollback: 'rolled back',
  adopted: 'found in production',
  foreign: 'set outside of this panel',
};

/** First thing on the tab: what production serves now, how good it is, and the way back. */
export function ProductionHead({ view, model }: { view: RepositoryView; model: TabModel }) {
  const { production } = view;
  if (production === null) {
    const unknown = view.connection.state === 'unreachable';
    return (
      <section class="dbx-production">
        <div class="dbx-production-cell">
          <span class="dbx-light dbx-small">In production</span>
          <b class="dbx-large">{unknown ? 'Not known' : 'Nothing yet'}</b>
          <span class="dbx-light dbx-small">
            {unknown
              ? 'Databricks does not answer, and nothing was released from here before.'
              : 'A person promotes the first version in Models; after that merges can do it.'}
          </span>
        </div>
      </section>
    );
  }
  const { primary, previous } = production;
  const value = primary === null ? null : production.metrics[primary];
  return (
    <section class="dbx-production" aria-label="In production">
      <div class="dbx-production-cell dbx-production-name">
        <span class="dbx-light dbx-small">In production</span>
        <span class="dbx-large dbx-production-main">
          <b>{production.name}</b> <b>v{production.version}</b>{' '}
          {production.hold && (
            <Badge tone="warning">
              <Icon of={lockIcon} size={12} /> On hold
            </Badge>
          )}
        </span>
        <span class="dbx-light dbx-small">
          {kinds[production.kind]} {production.since && <Time at={production.since} />}
          {production.by && (
            <>
              {' by '}
              <Person person={production.by} />
            </>
          )}
          {production.pull !== null && (
            <>
              {' from '}
              <a href={`${model.context.page.repository.link}/pulls/${production.pull}`}>
                #{production.pull}
              </a>
            </>
          )}
        </span>
      </div>
      {primary !== null && (
        <div class="dbx-production-cell">
          <span class="dbx-light dbx-small">{primary}</span>
          <span class="dbx-large dbx-inline dbx-production-main">
            <b>{metricFormat([value], pageLanguage())(value)}</b>
            <Sparkline values={production.trend} label={`${primary} of the last releases`} width={60} />
          </span>
          <span class="dbx-light dbx-small">
            {production.trend.length > 1 ? `over ${production.trend.length} releases` : 'when it was trained'}
          </span>
        </div>
      )}
      {production.endpoint && <Endpoint endpoint={production.endpoint} />}
      <div class="dbx-production-cell dbx-production-act">
        <PermittedButton
          id="dbx-rollback"
          icon={historyIcon}
          permission={production.rollback}
          onClick={() => {
            if (previous === null) return;
            model.dialog.value = {
              model: production.model,
              kind: 'rollback',
              toVersion: previous,
              release: null,
            };
          }}
        >
          {previous === null ? 'Roll back' : `Roll back to v${previous}`}
        </PermittedButton>
      </div>
    </section>
  );
}

function Endpoint({ endpoint }: { endpoint: NonNullable<Production['endpoint']> }) {
  const live = endpoint.traffic.filter((share) => share.percentage > 0);
  const standby = endpoint.traffic.filter((share) => share.percentage === 0);
  const traffic = live.map((share) => `${share.percentage}% v${share.version}`).join(', ') || 'no traffic';
  const [icon, tone, word] =
    endpoint.update === 'in-progress'
      ? [runningIcon, 'wait', 'Updating']
      : endpoint.update === 'failed'
        ? [xCircleFillIcon, 'fail', 'Update failed']
        : endpoint.ready
          ? [checkCircleFillIcon, 'pass', 'Ready']
          : [runningIcon, 'wait', 'Starting'];
  return (
    <div class="dbx-production-cell">
      <span class="dbx-light dbx-small">Endpoint {endpoint.name}</span>
      <span class="dbx-inline dbx-medium dbx-production-main">
        <Icon of={icon} class={`dbx-tone-${tone}`} />
        <b>{`${word}, ${traffic}`}</b>
      </span>
      <span class="dbx-light dbx-small">
        {standby.length === 0
          ? 'no other version is loaded'
          : `${standby.map((share) => `v${share.version}`).join(', ')} still loaded`}
      </span>
    </div>
  );
}
