import { createHmac, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createTrainingWorkspace } from '../../src/server/databricks/training-workspace.ts';
import { WorkspaceHttp } from '../../src/server/databricks/workspace-http.ts';
import { systemClock } from '../../src/server/duty/clock.ts';
import type { Duty } from '../../src/server/duty/keeper.ts';
import type { EventHub } from '../../src/server/events/hub.ts';
import { createGiteaForge } from '../../src/server/gitea/gitea-forge.ts';
import { GiteaHttp } from '../../src/server/gitea/gitea-http.ts';
import { createMergedPulls } from '../../src/server/gitea/merged-pulls.ts';
import { modelRoutes } from '../../src/server/http/routes/models.ts';
import { outboxRoutes } from '../../src/server/http/routes/outbox.ts';
import { pullRoutes } from '../../src/server/http/routes/pulls.ts';
import { releaseRoutes } from '../../src/server/http/routes/releases.ts';
import { runRoutes } from '../../src/server/http/routes/runs.ts';
import { webhookRoutes } from '../../src/server/http/routes/webhook.ts';
import { Catalogue } from '../../src/server/registry/catalogue.ts';
import { ReleaseRunner } from '../../src/server/registry/release-runner.ts';
import { Releases } from '../../src/server/registry/releases.ts';
import type { Stores } from '../../src/server/store/stores.ts';
import type { Transactor } from '../../src/server/store/transactor.ts';
import type { Run, RunChange } from '../../src/server/training/ports.ts';
import { createRemoteViews } from '../../src/server/training/remote-views.ts';
import { createTrainingLoop } from '../../src/server/wiring/training-loop.ts';
import type { BackendOptions, TestBackend } from './backend-with-forge.ts';
import { startBackendWithForge } from './backend-with-forge.ts';
import { MemoryTarget } from './registry/memory-target.ts';

export const configuration = `version: 1
train:
  entry: train.py
  parameters: {depth: {type: integer, default: 6, min: 1, max: 20}}
model: wine
metrics: {primary: rmse, gates: {rmse: {direction: lower, limit: 0.8}}}
`;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Everything behind the routes, over the forge and the store; runs and releases stay as they were made. */
function createRooms(
  backend: TestBackend,
  transactor: Transactor<Stores>,
  hub: EventHub,
  options: Pick<BackendOptions, 'rateLimits' | 'botFetch'>,
) {
  const { stores } = transactor;
  const { url, token, webhookSecret } = backend.configuration.gitea;
  const bot = new GiteaHttp({ url, token, userAgent: 'test/1', fetch: options.botFetch });
  const forge = createGiteaForge(bot);
  const http = new WorkspaceHttp({ host: 'http://127.0.0.1:9', userAgent: 'test/1' });
  const workspace = createTrainingWorkspace(() => http, { accessToken: async () => 'token' });
  const { repositories, sessions, access } = backend;
  const clock = { ...systemClock, now: backend.now };
  const loop = createTrainingLoop({
    transactor,
    clock,
    log: silent,
    bot,
    forge,
    repositories,
    people: { sessions, access },
    workspace,
    nonceOf: (token) => token.slice(0, 32),
    bindings: backend.configuration.bindings,
    champions: { current: async () => null },
    promotions: { forPull: async () => null },
    // Nothing is sent to a workspace: runs stay as they were made.
    sends: {
      upload: async () => {},
      submit: async () => {},
      cancel: async () => {},
      promote: async () => {},
    },
    announcer: hub,
    wake: (duty) => duties.get(duty)?.wake?.(),
    webhook: { secret: webhookSecret, limit: options.rateLimits?.deliveries },
  });
  const duties = new Map<string, Duty>(Object.entries(loop.duties));
  const target = new MemoryTarget();
  const registry = {
    transactor,
    target,
    trained: stores.trainedVersions,
    rules: async () => null,
    repositories,
    pulls: createMergedPulls(forge),
    wakeOutbox: () => loop.duties.outbox.wake(),
  };
  const runner = new ReleaseRunner({
    ...registry,
    announcer: hub,
    clock: systemClock,
    log: silent,
    endpointTimeout: 5_000,
  });
  runner.start();
  const releases = new Releases({
    ...registry,
    announcer: hub,
    clock: systemClock,
    wake: () => runner.wake(),
  });
  const catalogue = new Catalogue({ ...registry, freshness: 0 });
  return {
    ...loop,
    remote: createRemoteViews({ workspace, clock: systemClock, log: silent }),
    target,
    releases,
    catalogue,
  };
}

export type Rooms = ReturnType<typeof createRooms>;

/** Calls what `pick` gives at the time of the call: routes are registered before the rooms are there. */
function lazily<T extends object>(pick: () => T): T {
  return new Proxy({} as T, {
    get: (_target, key) => {
      const value = Reflect.get(pick(), key);
      return typeof value === 'function' ? value.bind(pick()) : value;
    },
  });
}

/** The whole backend over the emulated forge, with every route of the product; nothing is sent to a workspace. */
export async function startWholeBackend(
  options: Omit<BackendOptions, 'api' | 'root'> = {},
): Promise<TestBackend & { rooms: Rooms }> {
  let rooms: Rooms | undefined;
  const pick = <K extends keyof Rooms>(key: K) => lazily(() => rooms![key] as Rooms[K] & object);
  const models = { aliases: async () => ({ champion: 1 }) };
  const connection = async () =>
    rooms?.target.down
      ? ({
          state: 'unreachable',
          since: '2026-01-05T14:02:00.000Z',
          asOf: '2026-01-05T14:01:00.000Z',
        } as const)
      : ({ state: 'ok', since: null, asOf: null } as const);
  let parts: { hub: EventHub; transactor: Transactor<Stores> } | undefined;
  const backend = await startBackendWithForge({
    ...options,
    api: (given) => {
      parts = given;
      const { runs } = given.transactor.stores;
      return [
        (app) =>
          runRoutes(app, {
            runs,
            actions: lazily(() => rooms!.training.actions),
            configurations: pick('configurations'),
            remote: pick('remote'),
            models,
            connection,
          }),
        (app) =>
          pullRoutes(app, {
            situations: pick('situations'),
            models,
            connection,
          }),
        (app) => modelRoutes(app, { catalogue: pick('catalogue'), releases: pick('releases'), connection }),
        (app) => releaseRoutes(app, { catalogue: pick('catalogue'), releases: pick('releases'), connection }),
        (app) => outboxRoutes(app, { parked: pick('parked'), runs }),
      ];
    },
    root: () => [
      (app) => webhookRoutes(app, { intake: pick('intake'), forgedLimit: options.rateLimits?.forged }),
    ],
  });
  rooms = createRooms(backend, parts!.transactor, parts!.hub, options);
  return Object.assign(backend, { rooms });
}

/** Commits one file to a branch of a repository and pushes it. @returns the commit */
export async function commit(
  backend: TestBackend,
  branch: string,
  path: string,
  text: string,
  options: { repository?: string; user?: string; to?: string } = {},
): Promise<string> {
  const { repository = 'ml/wine-quality', user = 'wendy' } = options;
  const { to = repository } = options;
  const { gitScript, folder, remote } = backend.forge;
  const work = await mkdtemp(join(folder, 'work-'));
  await gitScript(
    work,
    `git clone --quiet "$1" .
     if git rev-parse --quiet --verify "refs/remotes/origin/$2" >/dev/null; then git checkout --quiet -B "$2" "origin/$2"
     else git checkout --quiet -B "$2"; fi`,
    remote(user, repository),
    branch,
  );
  await mkdir(dirname(join(work, path)), { recursive: true });
  await writeFile(join(work, path), text);
  return await gitScript(
    work,
    `git add .
     git -c "user.name=$1" -c "user.email=$1@example.com" commit --quiet -m "$2"
     git push --quiet "$3" "$4"
     git rev-parse HEAD`,
    user,
    path,
    remote(user, to),
    branch,
  );
}

/** Puts a run into a state without what leads to it. */
export async function force({ runs }: Pick<Stores, 'runs'>, id: string, change: Partial<Run>): Promise<void> {
  const now = (await runs.findById(id))!;
  await runs.update(id, now.version, change as RunChange);
}

/** Ends a run in the store as the driver would, with these metrics and this version. */
export async function finish(
  backend: TestBackend,
  run: Pick<Run, 'id'>,
  metrics: Record<string, number>,
  modelVersion: number | null = null,
): Promise<void> {
  const ended = { state: 'succeeded', metrics, modelVersion, nextCheckAt: null } as const;
  await force(backend.transactor.stores, run.id, ended);
}

/** Sends a delivery with the headers and the signature of Gitea. */
export async function deliver(backend: TestBackend, event: string, type: string, payload: unknown) {
  const body = JSON.stringify(payload);
  return await backend.app.inject({
    method: 'POST',
    url: `${backend.base}webhooks/gitea`,
    headers: {
      'content-type': 'application/json',
      'x-gitea-event': event,
      'x-gitea-event-type': type,
      'x-gitea-delivery': randomUUID(),
      'x-gitea-signature': createHmac('sha256', backend.configuration.gitea.webhookSecret)
        .update(body)
        .digest('hex'),
    },
    payload: body,
  });
}
