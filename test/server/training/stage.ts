import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import { onTestFinished } from 'vitest';
import type { Person } from '../../../src/contract/person.ts';
import type { ServerConfiguration } from '../../../src/server/config/server-configuration.ts';
import { createTrainingWorkspace } from '../../../src/server/databricks/training-workspace.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import { systemClock } from '../../../src/server/duty/clock.ts';
import type { Duty } from '../../../src/server/duty/keeper.ts';
import { createGiteaForge } from '../../../src/server/gitea/gitea-forge.ts';
import { GiteaHttp } from '../../../src/server/gitea/gitea-http.ts';
import { createRepositoryDirectory } from '../../../src/server/gitea/repository-directory.ts';
import type { App } from '../../../src/server/http/application.ts';
import { handleError } from '../../../src/server/http/error-handler.ts';
import { webhookRoutes } from '../../../src/server/http/routes/webhook.ts';
import type { Role } from '../../../src/server/identity/role.ts';
import type { OutboxItem } from '../../../src/server/outbox/ports.ts';
import { createBoundRepositories } from '../../../src/server/permission/bound-repositories.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import { createTrainingLoop } from '../../../src/server/wiring/training-loop.ts';
import { servicePrincipal, startWorkspace } from '../../emulator/databricks/support.ts';
import { startSmallTeam } from '../../emulator/gitea/small-team.ts';
import { testDatabase } from '../store/test-database.ts';

export const secret = 'webhook-secret';
const script = readFileSync(new URL('./train.py', import.meta.url), 'utf8');

/** What the script of a commit does: metrics with their values by step; how long; how it fails. */
export interface Plan {
  metrics: Record<string, (number | string)[]>;
  seconds?: number;
  fail?: string;
}

export const configuration = `version: 1
train:
  entry: train.py
  paths: ["*.py", "plan.json"]
  timeout: 10m
  parameters: {depth: {type: integer, default: 6, min: 1, max: 20}}
model: wine
metrics:
  primary: rmse
  gates:
    rmse: {direction: lower, limit: 0.9, regression: 2%}
    accuracy: {direction: higher, regression: 5%}
release: {on_merge: promote}
`;

/** Files of a commit that trains by this plan. */
export const files = (plan: Plan): Record<string, string> => ({
  'train.py': script,
  'plan.json': JSON.stringify(plan),
});

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** Polls until the condition gives a value; 60 s at most, for Python starts slowly on a busy machine. */
export async function until<T>(what: string, probe: () => Promise<T | null | undefined | false>): Promise<T> {
  for (let left = 1_200; left > 0; left -= 1) {
    const value = await probe();
    if (value) return value;
    await sleep(50);
  }
  throw new Error(`${what} did not happen`);
}

/**
 * Both emulators on loopback, a repository `ml/wine` that is bound, and the rooms webhook, training, metrics,
 * report and outbox between them, with the principals' real tokens. Signing in and releases are left out.
 */
export async function openStage() {
  const team = await startSmallTeam();
  onTestFinished(() => team.close());
  const { workspace, admin } = await startWorkspace();
  const rest = '/api/2.1/unity-catalog';
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  await admin.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
  const principals = {
    trainer: await servicePrincipal(workspace, admin, 'trainer'),
    fork: await servicePrincipal(workspace, admin, 'fork'),
    releaser: await servicePrincipal(workspace, admin, 'releaser'),
  };
  const grant = (type: string, name: string, principal: string, add: string[]) =>
    admin.send('PATCH', `${rest}/permissions/${type}/${name}`, { changes: [{ principal, add }] });
  await grant('catalog', 'ml', principals.trainer.applicationId, ['USE_CATALOG']);
  await grant('schema', 'ml.prod', principals.trainer.applicationId, ['USE_SCHEMA']);
  await grant('function', 'ml.prod.wine', principals.trainer.applicationId, [
    'EXECUTE',
    'CREATE_MODEL_VERSION',
  ]);

  await admin.post('/api/2.0/workspace/mkdirs', { path: '/gitea-databricks' });
  const folder = await admin.get('/api/2.0/workspace/get-status?path=/gitea-databricks');
  await admin.send('PATCH', `/api/2.0/permissions/directories/${folder.body.object_id}`, {
    access_control_list: [
      { service_principal_name: principals.releaser.applicationId, permission_level: 'CAN_MANAGE' },
      { service_principal_name: principals.trainer.applicationId, permission_level: 'CAN_READ' },
      { service_principal_name: principals.fork.applicationId, permission_level: 'CAN_READ' },
    ],
  });

  await team.forge.createUser({ name: 'bot', password: team.password('bot'), email: 'bot@example.com' });
  await team.api('ada', 'PUT', '/repos/ml/wine/collaborators/bot', { permission: 'write' });
  const token = await team.api('bot', 'POST', '/users/bot/tokens', {
    name: 'backend',
    scopes: ['write:repository', 'write:issue', 'read:user'],
  });
  const repository = (await team.api('ada', 'GET', '/repos/ml/wine')).body as { id: number };

  const server: Pick<ServerConfiguration, 'bindings' | 'workspaces'> = {
    workspaces: {
      main: {
        name: 'main',
        host: workspace.host,
        accountId: workspace.accountId,
        auth: { kind: 'federation', audience: workspace.accountId },
        reader: 'reader',
      },
    },
    bindings: [
      {
        id: 'wine',
        repositories: ['ml/wine'],
        workspace: 'main',
        branch: null,
        experiment: '/Shared/gitea/{repository_id}',
        jobs: {},
        models: { wine: { name: 'ml.prod.wine', alias: 'champion', endpoint: null } },
        principals: {
          trainer: principals.trainer.applicationId,
          fork: principals.fork.applicationId,
          releaser: principals.releaser.applicationId,
        },
        floors: {},
      },
    ],
  };
  const { target: database, drop } = await testDatabase(join(team.folder, 'backend.db'));
  onTestFinished(drop);
  return {
    team,
    workspace,
    admin,
    principals,
    server,
    repository,
    token: String(token.body.sha1),
    database,
  };
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function m2mToken(stage: Stage, role: Role): Promise<string> {
  const principal = stage.principals[role === 'reader' ? 'trainer' : role];
  const response = await fetch(`${stage.workspace.host}/oidc/v1/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'all-apis',
      client_id: principal.applicationId,
      client_secret: principal.secret,
    }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** Starts the rooms on the stage's database; `close` and start again for a restart. */
export async function startRooms(
  stage: Stage,
  options: { champion?: () => number | null; clock?: () => Date; onToken?: (hasAct: boolean) => void } = {},
) {
  const { server } = stage;
  const db = await openDatabase(stage.database);
  const transactor = createTransactor(db, createStores);
  const { stores } = transactor;
  const bot = new GiteaHttp({ url: stage.team.url, token: stage.token, userAgent: 'test/1' });
  const forge = createGiteaForge(bot);
  const repositories = createBoundRepositories({
    configuration: server,
    transactor,
    directory: createRepositoryDirectory(bot),
    log: silent,
  });
  const http = new WorkspaceHttp({ host: stage.workspace.host, userAgent: 'test/1' });
  const workspace = createTrainingWorkspace(() => http, {
    accessToken: async (_binding, role, act) => {
      options.onToken?.(act !== undefined);
      return await m2mToken(stage, role);
    },
  });
  const changes: string[] = [];
  const announcer = {
    announce: ({ kind, id }: { kind: string; id: string }) => void changes.push(`${kind} ${id}`),
  };
  const promoted: Record<string, unknown>[] = [];
  const loop = createTrainingLoop({
    transactor,
    clock: { ...systemClock, ...(options.clock && { now: options.clock }) },
    log: silent,
    bot,
    forge,
    repositories,
    // Nobody signs in on this stage: what a commenter may do is asked with the bot's token.
    people: {
      sessions: { viewersOf: async () => [] },
      access: {
        check: async () => {
          throw new Error('nobody is signed in');
        },
      },
    },
    workspace,
    nonceOf: (token) => token.slice(0, 32),
    bindings: server.bindings,
    champions: {
      current: async () => {
        const version = options.champion?.() ?? null;
        return version === null ? null : { version };
      },
    },
    promotions: { forPull: async () => null },
    sends: { promote: async (payload) => void promoted.push(payload) },
    announcer,
    wake: (duty) => duties.get(duty)?.wake?.(),
    webhook: { secret },
    pollMs: 50,
  });
  const duties = new Map<string, Duty>(Object.entries(loop.duties));
  const app = fastify({ forceCloseConnections: true }) as unknown as App;
  app.setErrorHandler(handleError);
  webhookRoutes(app, { intake: loop.intake });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  for (const duty of duties.values()) duty.start();

  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await app.close();
    await Promise.all([...duties.values()].map((duty) => duty.stop()));
    await db.destroy();
  };
  onTestFinished(close);
  return {
    app,
    stores,
    transactor,
    training: loop.training,
    situations: loop.situations,
    repositories,
    workspace,
    forge,
    promoted,
    changes,
    webhook: `http://127.0.0.1:${port}/webhooks/gitea`,
    close,
  };
}

export type Rooms = Awaited<ReturnType<typeof startRooms>>;

/** Points the repository's webhook at the rooms. */
export async function hook(stage: Stage, rooms: Rooms): Promise<void> {
  const answer = await stage.team.api('ada', 'POST', '/repos/ml/wine/hooks', {
    type: 'gitea',
    active: true,
    config: { url: rooms.webhook, content_type: 'json', secret },
    events: ['push', 'pull_request'],
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
}

/** Opens a pull request from a branch. @returns its index */
export async function openPull(stage: Stage, branch: string, title = `Try ${branch}`): Promise<number> {
  const answer = await stage.team.api('wendy', 'POST', '/repos/ml/wine/pulls', {
    head: branch,
    base: 'main',
    title,
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.number;
}

/** The newest run of a commit once it is in one of the states. */
export async function runOf(
  stage: Stage,
  rooms: Rooms,
  commit: string,
  ...states: Run['state'][]
): Promise<Run> {
  return await until(`run of ${commit.slice(0, 10)} ${states.join('|')}`, async () => {
    const [run] = await rooms.stores.runs.ofCommit(stage.repository.id, commit);
    if (
      run &&
      states.length > 0 &&
      ['failed', 'timed-out'].includes(run.state) &&
      !states.includes(run.state)
    ) {
      throw new Error(`the run failed: ${JSON.stringify(run.error)}`);
    }
    return run && states.includes(run.state) ? run : null;
  });
}

/** The message to its workspace that a run waits for. */
export async function messageOf(rooms: Rooms, run: Pick<Run, 'id'>): Promise<OutboxItem | undefined> {
  const waiting = await rooms.stores.outbox.due('9999-01-01T00:00:00.000Z', 100);
  return waiting.find(({ key }) => key === `run:${run.id}`);
}

/** The commit status once it has this state. */
export async function statusOf(stage: Stage, sha: string, state: string) {
  return await until(`status ${state} of ${sha.slice(0, 10)}`, async () => {
    const { body } = await stage.team.api('wendy', 'GET', `/repos/ml/wine/commits/${sha}/status`);
    const found = (body.statuses ?? []).find(
      (item: { context: string; status: string }) =>
        item.context === 'databricks/train' && item.status === state,
    );
    return found as { description: string; target_url: string } | undefined;
  });
}

/** Comments of the bot on a pull request. */
export async function comments(stage: Stage, index: number): Promise<{ id: number; body: string }[]> {
  const { body } = await stage.team.api('wendy', 'GET', `/repos/ml/wine/issues/${index}/comments`);
  return body.filter((comment: { user: { login: string } }) => comment.user.login === 'bot');
}

export const wendy: Person = { id: 2, name: 'wendy', fullName: '', avatarUrl: 'http://127.0.0.1/avatars/2' };
