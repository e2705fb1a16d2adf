import type { ParkedMessage } from '../../../contract/outbox.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { alertIcon, checkIcon } from '../../components/icons.ts';
import { Commit, Notice } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { pageLanguage } from '../../format/language.ts';
import { countFormat } from '../../format/number.ts';
import type { ParkedModel } from './parked-model.ts';
import { messageText, parkedTitle, refusedBy } from './parked-words.ts';
import { hashOf } from './route.ts';

/** So many are shown; the others follow as these go out. */
const shown = 5;

/** For administrators of the repository: what Gitea or Databricks did not take, why, and once more. */
export function ParkedNotice({ model, url }: { model: ParkedModel; url: string }) {
  const items = model.list.data.value?.items ?? [];
  const waiting = new Set(items.map(({ id }) => id));
  const onTheirWay = model.retried.value.filter(({ id }) => !waiting.has(id));
  return (
    <>
      {items.length > 0 && (
        <section class="dbx-parked" aria-labelledby="dbx-parked">
          <h3 id="dbx-parked">
            <Icon of={alertIcon} /> {parkedTitle(items.length, countFormat(pageLanguage()))}
          </h3>
          <ul>
            {items.slice(0, shown).map((message) => (
              <Message key={message.id} message={message} model={model} url={url} />
            ))}
          </ul>
          {items.length > shown && <p>and {countFormat(pageLanguage())(items.length - shown)} more</p>}
        </section>
      )}
      {onTheirWay.length > 0 && (
        <Notice tone="info" icon={checkIcon}>
          {onTheirWay.map((message, position) => (
            <span key={message.id}>
              {position > 0 && ', '}
              <What message={message} url={url} />
            </span>
          ))}{' '}
          {onTheirWay.length === 1 ? 'is' : 'are'} on the way again.
        </Notice>
      )}
    </>
  );
}

function Message({ message, model, url }: { message: ParkedMessage; model: ParkedModel; url: string }) {
  const { id, reason, attempts, parkedAt } = message;
  const { value: now } = model.acts.now;
  const isThis = now.state !== 'idle' && now.what === id;
  return (
    <li>
      <div id={`dbx-parked-${id}`}>
        <b>
          <What message={message} url={url} />
        </b>
        : {refusedBy(message)} said “{reason}”{' '}
        <span class="dbx-parked-when">
          {attempts} {attempts === 1 ? 'attempt' : 'attempts'}, given up <Time at={parkedAt} />
        </span>
        {isThis && now.state === 'refused' && (
          <p class="dbx-parked-refused" role="alert">
            {now.problem.message}
          </p>
        )}
      </div>
      <Button
        busy={isThis && now.state === 'running'}
        disabled={now.state === 'running'}
        describedBy={`dbx-parked-${id}`}
        onClick={() => void model.retry(message)}
      >
        Try again
      </Button>
    </li>
  );
}

/** "Commit status of 1a2b3c4d5e", "Start of run 43", "Comment in #7" */
function What({ message, url }: { message: ParkedMessage; url: string }) {
  const { commit, pull, run } = message;
  return (
    <>
      {messageText(message)}
      {run !== null && (
        <>
          {' of '}
          <a href={hashOf({ view: 'run', id: run.id })}>run {run.number}</a>
        </>
      )}
      {run === null && commit !== null && (
        <>
          {' of '}
          <Commit sha={commit} href={`${url}/commit/${commit}`} />
        </>
      )}
      {pull !== null && (
        <>
          {' in '}
          <a href={`${url}/pulls/${pull}`}>#{pull}</a>
        </>
      )}
    </>
  );
}
