import type { RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import type { ParkedMessage } from '../../../contract/outbox.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { alertIcon, checkIcon } from '../../components/icons.ts';
import { Commit, Notice } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { pageLanguage } from '../../format/language.ts';
import { countFormat } from '../../format/number.ts';
import type { ActState } from '../../models/act.ts';
import { useFocusAfter } from './parked-focus.ts';
import type { ParkedModel } from './parked-model.ts';
import { messageText, parkedTitle, refusedBy } from './parked-words.ts';
import { hashOf } from './route.ts';

/** So many are shown; the others follow as these go out. */
const shown = 5;

/** For administrators of the repository: what Gitea or Databricks did not take, why, and once more. */
export function ParkedNotice({ model, url }: { model: ParkedModel; url: string }) {
  const { items, total } = model.list.data.value ?? { items: [], total: 0 };
  const { value: now } = model.acts.now;
  const places = { rows: useRef<HTMLUListElement>(null), said: useRef<HTMLDivElement>(null) };
  const first = items.slice(0, shown);
  const ids = first.map(({ id }) => id);
  const pressed = useFocusAfter(places, ids, now.state === 'running');
  return (
    <>
      {items.length > 0 && (
        <section class="dbx-parked" aria-labelledby="dbx-parked">
          <h3 id="dbx-parked">
            <Icon of={alertIcon} /> {parkedTitle(total, countFormat(pageLanguage()))}
          </h3>
          <ul ref={places.rows}>
            {first.map((message) => (
              <Message
                key={message.id}
                message={message}
                now={now}
                url={url}
                retry={() => {
                  pressed(message.id);
                  void model.retry(message);
                }}
              />
            ))}
          </ul>
          {total > first.length && <p>and {countFormat(pageLanguage())(total - first.length)} more</p>}
        </section>
      )}
      <Sent model={model} url={url} place={places.said} />
    </>
  );
}

/** What became of those that were to go out again and do not wait any more. */
function Sent(props: { model: ParkedModel; url: string; place: RefObject<HTMLDivElement | null> }) {
  const { model, url, place } = props;
  const { value: now } = model.acts.now;
  const waiting = new Set(model.list.data.value?.items.map(({ id }) => id));
  const onTheirWay = model.retried.value.filter(({ id }) => !waiting.has(id));
  const gone = now.state === 'refused' && now.problem.code === 'not-found' && !waiting.has(now.what);
  if (onTheirWay.length === 0 && !gone) return null;
  return (
    <div class="dbx-parked-sent" ref={place} tabIndex={-1}>
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
      {gone && <Notice tone="info">{now.problem.message}</Notice>}
    </div>
  );
}

function Message(props: { message: ParkedMessage; now: ActState<string>; url: string; retry: () => void }) {
  const { message, now, url, retry } = props;
  const { id, reason, attempts, parkedAt } = message;
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
        onClick={retry}
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
