import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import type { Moment } from '../../../src/server/duty/moments.ts';
import { moments } from '../../../src/server/duty/moments.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import { endByPerson } from '../../../src/server/training/supersede.ts';
import { isFinal } from '../../../src/server/training/transitions.ts';
import { FakeDatabricks } from './fake-databricks.ts';
import type { SmallBackend, SmallStage } from './small-stage.ts';
import {
  atMoments,
  newRun,
  openSmallStage,
  recorded,
  repository,
  runNow,
  settled,
  startBackend,
  waiting,
} from './small-stage.ts';

/** A request of its own, which is not part of the transaction that it comes into. */
const outside = AsyncLocalStorage.snapshot();

const system = { kind: 'system', name: 'test' } as const;
const wendy = { kind: 'person', id: 2, name: 'wendy' } as const;

/** Moments in the life of a run; the others belong to other rooms. */
const ofRuns = moments.filter((moment) => /^(run|snapshot|outbox)\./.test(moment));

const eventsOfSuccess = ['taken-up', 'uploaded', 'started', 'seen-running', 'trained', 'judged'];

/** Asks for the run until it is there, as a delivery is repeated until it was processed. */
async function ask(stage: SmallStage, backend: SmallBackend, kind: 'entry' | 'job'): Promise<Run | null> {
  const { configuration } = newRun(1);
  const job = { ...configuration, train: { kind: 'job' as const, job: 'nightly' } };
  void backend.journal
    .create(repository, newRun(1, kind === 'job' ? { configuration: job } : {}), null, system)
    .catch(() => {});
  await settled();
  return await stage.stores.runs.findByToken('token-1');
}

/**
 * Plays the life of a run, and does something when a moment is reached for the nth time.
 *
 * @returns null when it never was
 */
async function play(
  moment: Moment,
  nth: number,
  kind: 'entry' | 'job',
  then: (stage: SmallStage, databricks: FakeDatabricks, backend: SmallBackend) => void,
) {
  const stage = await openSmallStage();
  const databricks = new FakeDatabricks(stage.clock);
  let backend = startBackend(stage, databricks);
  const first = backend;
  let reached = 0;
  let killed = false;
  const stop = atMoments((now) => {
    if (now !== moment) return;
    reached += 1;
    if (reached === nth) outside(() => then(stage, databricks, first));
    killed = first.isDead();
  });
  backend.start();
  let run = await ask(stage, backend, kind);
  for (let second = 0; second < 180; second += 1) {
    if (killed && backend === first) {
      // Long enough that what was started has ended: the token of a submission covers it no more.
      await stage.clock.pass(10_000, settled);
      backend = startBackend(stage, databricks);
      backend.start();
    }
    run ??= await ask(stage, backend, kind);
    await stage.clock.pass(1_000, settled);
    if (run && isFinal((await runNow(stage, run.id)).state) && (await waiting(stage)).length === 0) break;
  }
  stop();
  await backend.stop();
  const end = run && (await runNow(stage, run.id));
  const result = reached < nth ? null : { stage, databricks, end, messages: await waiting(stage) };
  return { result, close: stage.close };
}

describe.each(['entry', 'job'] as const)('a backend that is killed, the run being an %s', (kind) => {
  test.each(ofRuns)(
    'at %s, whichever time: one run at Databricks, every step recorded once',
    async (moment) => {
      let times = 0;
      for (let nth = 1; ; nth += 1) {
        const { result, close } = await play(moment, nth, kind, (_stage, _databricks, backend) =>
          backend.die(),
        );
        if (result) {
          times += 1;
          expect(result.end).toMatchObject({ state: 'succeeded', metrics: { rmse: 0.7 } });
          expect(result.databricks.started).toHaveLength(1);
          const all = await recorded(result.stage);
          expect(all.map(({ action }) => action)[0]).toBe('run.created');
          // Nobody looked while it ran, where the backend was gone meanwhile.
          const unseen = eventsOfSuccess.filter((event) => event !== 'seen-running');
          expect([eventsOfSuccess, unseen]).toContainEqual(all.slice(1).map(({ event }) => event));
          expect(result.messages).toEqual([]);
        }
        await close();
        if (!result) break;
      }
      expect(times).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe.each(['entry', 'job'] as const)('a person who cancels an %s', (kind) => {
  test.each(ofRuns)(
    'at %s, whichever time: the run ends as cancelled, and nothing goes on',
    async (moment) => {
      let times = 0;
      let asked = 0;
      for (let nth = 1; ; nth += 1) {
        const { result, close } = await play(moment, nth, kind, (stage, _databricks, { journal }) => {
          void stage.stores.runs.findByToken('token-1').then(async (run) => {
            if (!run) return;
            asked += 1;
            await endByPerson(journal, repository, run, 'cancelled-by-person', {
              reason: 'Cancelled by wendy.',
              actor: wendy,
            });
          });
        });
        if (result) {
          times += 1;
          const { end, databricks, messages, stage } = result;
          expect(['cancelled', 'succeeded']).toContain(end?.state);
          const events = (await recorded(stage)).map(({ event }) => event);
          expect(events.at(-1)).toBe(end?.state === 'cancelled' ? 'cancelled-by-person' : 'judged');
          expect(databricks.started.length).toBeLessThan(2);
          for (const run of databricks.started) expect(databricks.isActive(run)).toBe(false);
          // A run that trained to its end had nothing left to cancel there.
          const [started] = databricks.started;
          const trained = events.includes('trained');
          if (started && end?.state === 'cancelled' && !trained) expect(started.cancelledAt).not.toBeNull();
          expect(messages).toEqual([]);
        }
        await close();
        if (!result) break;
      }
      expect(times).toBeGreaterThan(0);
      expect(asked).toBeGreaterThan(0);
    },
    120_000,
  );
});
