import { commit, configuration, finish, startWholeBackend } from '../server/all-rooms.ts';
import type { BackendOptions, Browser } from '../server/backend-with-forge.ts';
import { makeRepository, signedInBrowser } from '../server/backend-with-forge.ts';

/** A whole backend with something behind every address, and people who are signed in. */
export type PopulatedBackend = Awaited<ReturnType<typeof startPopulatedBackend>>;

/**
 * `ml/wine-quality` with a pull request, a finished and a queued run, two versions and a release; ada administers,
 * wendy may write, rita may read, oscar may do nothing. Nothing is limited by rate unless told.
 */
export async function startPopulatedBackend(options: Pick<BackendOptions, 'rateLimits' | 'database'> = {}) {
  const most = 10_000_000;
  const backend = await startWholeBackend({
    globs: ['ml/wine-quality'],
    rateLimits: { user: most, address: most, repository: most, deliveries: most, forged: most },
    ...options,
  });
  const repository = await makeRepository(backend);
  await commit(backend, 'main', '.gitea/databricks.yml', configuration);
  const head = await commit(backend, 'change', 'train.py', 'print()');
  const opened = await backend.forge.api('wendy', 'POST', '/repos/ml/wine-quality/pulls', {
    head: 'change',
    base: 'main',
    title: 'Change',
  });
  const pull: number = opened.body.number;
  backend.rooms.target.register(1, 2);
  backend.rooms.target.alias = { champion: 1 };
  await backend.repositories.discover();
  const bound = (await backend.repositories.find(repository))!;
  const by = { user: { id: 2, name: 'wendy', fullName: '', avatarUrl: '' }, requestId: 'set-up' };
  const train = (depth: number) =>
    backend.rooms.training.actions.train(bound, { pull, commit: head, parameters: { depth } }, by);
  const finished = await train(1);
  await finish(backend, finished, { rmse: 0.5 }, 1);
  const queued = await train(2);
  await backend.rooms.catalogue.current(bound, 'wine');
  const [release] = await backend.transactor.stores.releases.list(repository);
  const people: Record<string, Browser> = {};
  for (const name of ['ada', 'wendy', 'rita', 'oscar']) people[name] = await signedInBrowser(backend, name);
  return Object.assign(backend, {
    repository,
    pull,
    head,
    run: finished.id,
    queued: queued.id,
    release: release!.id,
    people,
  });
}
