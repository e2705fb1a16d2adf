import type { ReadonlySignal } from '@preact/signals';
import type { Production } from '../../../contract/release.ts';
import type { RepositoryView } from '../../../contract/repository.ts';
import { Icon } from '../../components/icon.tsx';
import { checkCircleFillIcon, lockIcon, runningIcon, xCircleFillIcon } from '../../components/icons.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { Time } from '../../components/time.tsx';
import { pageLanguage } from '../../format/language.ts';
import { metricFormat } from '../../format/number.ts';
import { clockTime } from '../../format/time.ts';

/** Three lines: version with health and the primary metric, where it came from, the way to all releases. */
export function SidebarProduction({
  view,
  link,
}: {
  view: ReadonlySignal<RepositoryView | null>;
  link: string;
}) {
  const production = view.value?.production ?? null;
  if (production === null) return null;
  const { icon, tone, label } = health(production);
  const metric = production.primary;
  const value = metric === null ? null : (production.metrics[metric] ?? null);
  return (
    <div class="flex-item-main">
      <div class="flex-item-title">Production</div>
      <div class="flex-item-body dbx-production-now">
        <Icon of={icon} class={`dbx-tone-${tone}`} label={label} />
        <b>v{production.version}</b>
        {metric !== null && value !== null && (
          <span>
            {metric} {metricFormat([value], pageLanguage())(value)}
          </span>
        )}
        <Sparkline values={production.trend} label={`${metric ?? 'primary metric'} of the releases`} />
      </div>
      <div class="flex-item-body dbx-small dbx-light">
        <Origin production={production} link={link} />
      </div>
      {view.value !== null && <AsOf connection={view.value.connection} />}
      {production.hold !== null && (
        <div class="flex-item-body dbx-small dbx-change-worse">
          <Icon of={lockIcon} size={14} /> automatic promotion on hold
        </div>
      )}
      <div class="flex-item-body dbx-small">
        <a href={`${link}?tab=databricks#/releases`}>All releases</a>
      </div>
    </div>
  );
}

const verbs: Record<Production['kind'], string> = {
  promotion: 'released',
  rollback: 'rolled back to',
  adopted: 'found in production',
  foreign: 'moved outside of Gitea',
};

function Origin({ production, link }: { production: Production; link: string }) {
  const { since, by, pull, kind } = production;
  return (
    <>
      {verbs[kind]} {since !== null && <Time at={since} />}
      {by !== null && ` by ${by.name}`}
      {pull !== null && (
        <>
          {' from '}
          <a href={`${link}/pulls/${pull}`}>#{pull}</a>
        </>
      )}
    </>
  );
}

/** How old it is, while Databricks does not answer. */
function AsOf({ connection: { state, asOf } }: Pick<RepositoryView, 'connection'>) {
  if (state === 'ok' || asOf === null) return null;
  return (
    <div class="flex-item-body dbx-small dbx-light">
      {`as of ${clockTime(new Date(asOf), new Date(), pageLanguage())}: Databricks does not answer`}
    </div>
  );
}

/** Health by icon: the endpoint's where there is one, else that the alias stands. */
function health({ endpoint }: Production) {
  if (endpoint === null) return { icon: checkCircleFillIcon, tone: 'pass', label: 'in production' };
  if (endpoint.update === 'in-progress')
    return { icon: runningIcon, tone: 'wait', label: 'the endpoint is being updated' };
  if (endpoint.update === 'failed' || !endpoint.ready) {
    return { icon: xCircleFillIcon, tone: 'fail', label: 'the endpoint does not serve as planned' };
  }
  return { icon: checkCircleFillIcon, tone: 'pass', label: 'the endpoint serves it' };
}
