import fc from 'fast-check';
import { expect, test } from 'vitest';
import { registryBench, repository, requester, trainedVersion } from './registry-bench.ts';

type Bench = Awaited<ReturnType<typeof registryBench>>;

/**
 * What others do between looking at a plan and confirming it (hazard 9). `changes`: what was confirmed is not what
 * would happen any more; the others may forbid it or not, but do not change it.
 */
const events: Record<string, { changes: boolean; happen(bench: Bench): void }> = {
  'another version goes into production': {
    changes: true,
    happen: ({ target }) => {
      target.alias = { champion: 3 };
    },
  },
  'the endpoint is reconfigured': {
    changes: true,
    happen: ({ target }) => {
      target.configVersion += 1;
    },
  },
  'the gates are tightened so that it fails': {
    changes: true,
    happen: ({ rules }) => {
      rules.gates = [{ metric: 'rmse', direction: 'lower', limit: 0.1, regression: null }];
    },
  },
  'an approval is withdrawn': {
    changes: false,
    happen: ({ approvals }) => {
      approvals.counted = approvals.counted.slice(1);
    },
  },
  'an approval is given': {
    changes: false,
    happen: ({ approvals }) => {
      approvals.counted = [...approvals.counted, `reviewer-${approvals.counted.length}`];
    },
  },
  'one more approval is asked for': {
    changes: false,
    happen: ({ approvals }) => {
      approvals.required += 1;
    },
  },
  'another commit was merged than the one that was trained': {
    changes: false,
    happen: ({ pull }) => {
      pull.head = 'f'.repeat(40);
    },
  },
  'the merge turns out to be into another branch': {
    changes: false,
    happen: ({ pull }) => {
      pull.mergedInto = 'elsewhere';
    },
  },
};

/** May version 2 be promoted, by the facts as they are? Written from the rules, not from the code. */
function mayPromote({ approvals, pull, runs }: Bench): boolean {
  const commit = runs.get(2)?.commit;
  return (
    approvals.counted.length >= approvals.required &&
    (pull.head === '' || pull.head === commit) &&
    pull.mergedInto === 'main'
  );
}

test('a promotion happens only as it was confirmed, and only if everything still speaks for it', async () => {
  const seen = { done: 0, outdated: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(events)), { maxLength: 4 }),
      fc.array(fc.constantFrom(...Object.keys(events)), { maxLength: 3 }),
      async (before, between) => {
        const bench = await registryBench();
        await bench.withProduction();
        bench.target.register(3);
        bench.runs.set(3, trainedVersion(3));
        for (const name of before) events[name]!.happen(bench);
        const wanted = { kind: 'promotion', toVersion: 2 } as const;
        const champion = bench.target.alias.champion;
        const plan = await bench.releases.plan(repository, 'wine', wanted);
        for (const name of between) events[name]!.happen(bench);
        // What happened already cannot change it again.
        const sameGates = before.includes('the gates are tightened so that it fails');
        const changed = between.some(
          (name) =>
            events[name]!.changes &&
            !(name.startsWith('the gates') && sameGates) &&
            !(name.startsWith('another version') && champion === 3),
        );
        const started = bench.releases.start(
          repository,
          'wine',
          { ...wanted, digest: plan.digest, reason: null, approvals: [] },
          requester,
        );
        const outcome = await started.then(
          (release) => release,
          (error: { code: string }) => error.code,
        );
        const failing = [...before, ...between].includes('the gates are tightened so that it fails');
        if (changed) {
          expect(outcome).toBe('plan-outdated');
          seen.outdated += 1;
        } else if (failing || !mayPromote(bench)) {
          expect(outcome).toBe('version-not-releasable');
          seen.refused += 1;
        } else {
          expect(outcome).toMatchObject({ toVersion: 2 });
          if (typeof outcome !== 'string') await bench.settled(outcome.id);
          expect(bench.target.alias.champion).toBe(2);
          seen.done += 1;
        }
        if (typeof outcome === 'string') {
          expect(bench.target.changes).toEqual([]);
          expect(bench.audit.filter(({ action }) => action === 'release.started')).toEqual([]);
        }
        await bench.db.destroy();
      },
    ),
    { numRuns: 120, seed: 20260101 },
  );
  // All three ends were met, so that the property says something about each.
  expect(Math.min(seen.done, seen.outdated, seen.refused)).toBeGreaterThan(5);
}, 60_000);
