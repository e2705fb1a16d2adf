import type { AuditEntry } from '../../../contract/audit.ts';
import { Access } from '../../components/access.tsx';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { skipIcon, xCircleFillIcon, xIcon } from '../../components/icons.ts';
import { Notice, Skeleton } from '../../components/states.tsx';
import { pageLanguage } from '../../format/language.ts';
import { countFormat } from '../../format/number.ts';
import { actionText, exact, subjectText, wayOf } from './audit-words.ts';
import { verifiedIcon } from './icons.ts';
import type { TabModel } from './tab-model.ts';

/** Who did what, newest first, with the proof that nobody edited it. Times are exact, in UTC. */
export function AuditView({ model }: { model: TabModel }) {
  const list = model.audit.data.value;
  const problem = model.audit.problem.value;
  if (list === null) {
    if (problem === null) return <Skeleton rows={8} label="Loading the audit log" />;
    return (
      <div class="dbx-card">
        <Access
          problem={problem}
          signIn={model.context.signIn}
          purpose="to see the audit log"
          retry={() => void model.audit.refresh()}
        />
      </div>
    );
  }
  const number = countFormat(pageLanguage());
  const { verification } = list;
  const { link } = model.context.page.repository;
  return (
    <>
      {problem !== null && <Notice tone="warning">{problem.message}</Notice>}
      <p class="dbx-verified">
        <Icon
          of={verification.intact ? verifiedIcon : xCircleFillIcon}
          class={verification.intact ? 'dbx-tone-pass' : 'dbx-tone-fail'}
        />{' '}
        <b class={verification.intact ? 'dbx-change-better' : 'dbx-change-broken'}>
          {verification.intact ? 'Chain intact' : `Chain broken at entry ${verification.brokenAt}`}
        </b>{' '}
        <span class="dbx-light">
          {`entries 1 to ${number(verification.entries)} of the whole log, checked ${exact(verification.checkedAt)} UTC`}
        </span>
      </p>
      <section class="dbx-card">
        <table class="dbx-table dbx-audit-table">
          <thead>
            <tr>
              <th class="dbx-end">No.</th>
              <th>When (UTC)</th>
              <th>Who</th>
              <th>Did</th>
              <th>What</th>
              <th>By way of</th>
              <th>Hash</th>
            </tr>
          </thead>
          <tbody>
            {list.items.map((entry) => (
              <tr key={entry.sequence}>
                <td class="dbx-end dbx-audit-number">{number(entry.sequence)}</td>
                <td class="dbx-numbers dbx-audit-when">{exact(entry.at)}</td>
                <td class="dbx-audit-who">
                  <b>{entry.actor.name}</b>
                  {entry.actor.kind !== 'person' && <span class="dbx-light">{` (${entry.actor.kind})`}</span>}
                </td>
                <td class="dbx-audit-did">
                  <Outcome entry={entry} />
                </td>
                <td class="dbx-audit-what">
                  <span title={entry.subject}>{subjectText(entry)}</span>
                  {entry.pull !== null && (
                    <>
                      {', '}
                      <a href={`${link}/pulls/${entry.pull}`}>{`#${entry.pull}`}</a>
                    </>
                  )}
                </td>
                <td class="dbx-light dbx-audit-way">{wayOf(entry)}</td>
                <td
                  class="dbx-mono dbx-audit-hash"
                  title={entry.hash}
                >{`${entry.hash.slice(0, 4)}…${entry.hash.slice(-4)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <div class="dbx-card-foot">
          <span class="dbx-light">{`${number(list.items.length)} of ${number(list.total)} entries of this repository`}</span>
          {list.next !== null && (
            <Button busy={model.audit.loading.value} onClick={() => model.showMoreAudit()}>
              Show more
            </Button>
          )}
          <code class="dbx-light">gitea-databricks audit verify</code>
        </div>
      </section>
    </>
  );
}

function Outcome({ entry }: { entry: AuditEntry }) {
  const text = actionText(entry);
  if (entry.outcome === 'done') return <>{text}</>;
  const refused = entry.outcome === 'refused';
  return (
    <>
      <Icon of={refused ? skipIcon : xIcon} class={refused ? 'dbx-tone-quiet' : 'dbx-tone-fail'} />{' '}
      {`${refused ? 'Refused' : 'Failed'}: ${text}`}
    </>
  );
}
