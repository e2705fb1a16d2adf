/** Wires the rooms to each other and to the adapters; nothing is decided here. Longer than others: it names each room. */

import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry as MetricsRegistry } from 'prom-client';
import type { ChangeEvent } from '../../contract/event.ts';
import type { ServerConfiguration } from '../config/server-configuration.ts';
import { createCallMetrics } from '../databricks/call-metrics.ts';
import { createConnections } from '../databricks/connections.ts';
import { createReleaseTarget } from '../databricks/release-target.ts';
import { createTokenExchange } from '../databricks/token-exchange.ts';
import { createTrainingWorkspace } from '../databricks/training-workspace.ts';
import { createWorkspaces } from '../databricks/workspaces.ts';
import type { Clock } from '../duty/clock.ts';
import { Upkeep } from '../duty/upkeep.ts';
import { EventHub } from '../events/hub.ts';
import { createGiteaForge } from '../gitea/gitea-forge.ts';
import { GiteaHttp } from '../gitea/gitea-http.ts';
import { createMergedPulls } from '../gitea/merged-pulls.ts';
import { createGiteaSignIn } from '../gitea/oauth.ts';
import { createRepositoryDirectory } from '../gitea/repository-directory.ts';
import { createUserGitea } from '../gitea/user-client.ts';
import { defaultRateLimits } from '../http/rate-limits.ts';
import { measureWaiting } from '../http/waiting-metrics.ts';
import { Issuer } from '../identity/issuer.ts';
import { Sessions } from '../identity/sessions.ts';
import { SignIn } from '../identity/sign-in.ts';
import { createWorkspaceTokens } from '../identity/workspace-tokens.ts';
import { createAccessCheck } from '../permission/access-check.ts';
import { createBoundRepositories } from '../permission/bound-repositories.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { createProviderTokens } from '../provider/provider-tokens.ts';
import { Catalogue } from '../registry/catalogue.ts';
import { Merges } from '../registry/merges.ts';
import type { CurrentRules } from '../registry/ports.ts';
import { ReleaseRunner } from '../registry/release-runner.ts';
import { Releases } from '../registry/releases.ts';
import type { ServingStore } from '../store/serving-store.ts';
import { createStores } from '../store/stores.ts';
import { createTransactor } from '../store/transactor.ts';
import type { Configurations } from '../training/configurations.ts';
import { createRemoteViews } from '../training/remote-views.ts';
import { runNonce } from '../training/run-key.ts';
import { createTrainingLoop } from './training-loop.ts';

export interface Surroundings {
  configuration: ServerConfiguration;
  store: ServingStore;
  clock: Clock;
  log: Logger;
  /** Breaks off what waits for Gitea or Databricks. */
  signal: AbortSignal;
}

export const userAgent = 'gitea-databricks/0.1.0';

/** Every room, over one store. Nothing runs before the duties are started. */
export function createRooms({ configuration, store, clock, log, signal }: Surroundings) {
  const { bus } = store;
  const transactor = createTransactor(store.db, (connection) => createStores(connection, clock.now));
  const { stores } = transactor;

  const sealed = { transactor, encryptionKey: configuration.encryptionKey };
  const provider = createGiteaSignIn(
    configuration.gitea,
    `${configuration.publicUrl}auth/callback`,
    userAgent,
  );
  const sessions = new Sessions({ ...sealed, provider });
  const signIn = new SignIn({ ...sealed, provider });
  const issuer = new Issuer({ ...sealed, publicUrl: configuration.publicUrl });
  const tokens = createWorkspaceTokens({
    configuration,
    issuer,
    provider: createProviderTokens(userAgent),
    exchange: createTokenExchange(userAgent, {
      gateOf: (host) => workspaces.gate(host),
      signal,
      clock,
    }),
    audit: { append: (draft) => transactor.transaction(({ audit }) => audit.append(draft)) },
  });

  const bot = new GiteaHttp({
    url: configuration.gitea.internalUrl,
    token: configuration.gitea.token,
    userAgent,
    signal,
    clock,
  });
  const forge = createGiteaForge(bot);
  const repositories = createBoundRepositories({
    configuration,
    transactor,
    directory: createRepositoryDirectory(bot),
    log,
  });
  const access = createAccessCheck({
    repositories,
    gitea: createUserGitea(configuration.gitea.internalUrl, userAgent, { clock, signal }),
    now: clock.monotonic,
  });
  const hub = new EventHub(bus, (err) => log.error({ err }, 'a listener failed'));
  const connections = createConnections({
    transactor,
    changed: (workspace) => {
      log.info({ workspace }, 'a workspace stopped or began to answer');
      tellConnection(workspace).catch((err: unknown) =>
        log.warn({ err }, 'viewers were not told of a connection'),
      );
    },
    look: (workspace) => workspaces.gate(workspace).look(),
    failed: (err) => log.warn({ err }, 'a connection was not recorded'),
    clock,
  });
  async function tellConnection(workspace: string): Promise<void> {
    for (const repository of await repositories.all()) {
      if (repository.workspace.name !== workspace) continue;
      hub.announce({ repository: repository.id, kind: 'connection', id: '', pulls: [] });
    }
  }
  const metrics = new MetricsRegistry();
  collectDefaultMetrics({ register: metrics });
  measureWaiting(metrics, stores, clock.now);
  const callMetrics = createCallMetrics(metrics);
  const workspaces = createWorkspaces({
    workspaces: Object.values(configuration.workspaces),
    userAgent,
    clock,
    signal,
    observer(workspace) {
      const counted = callMetrics(workspace);
      return {
        ...counted,
        answered: () => connections.answered(workspace),
        silent: (silence) => connections.silent(workspace, silence),
        turned(open) {
          counted.turned?.(open);
          // What waited meanwhile is looked at now, within the budgets.
          if (!open) loop.training.wake();
        },
      };
    },
  });

  // What is in production, and how it changes.
  const target = createReleaseTarget(workspaces.http, tokens);
  const trained = stores.trainedVersions;
  const rules: CurrentRules = (repository) => rulesOf(loop.configurations, repository);
  const catalogue = new Catalogue({ transactor, target, trained, rules, freshness: 5_000, clock });
  // Whatever backend announced it: what this one remembers is old, too.
  bus.subscribe('change', (payload) => {
    const { kind } = JSON.parse(payload) as ChangeEvent;
    if (kind === 'release' || kind === 'run') catalogue.expire();
  });
  /** Whichever backend does the duty now has something to do. */
  const wake = (duty: string) => bus.publish({ topic: 'wake', payload: duty });
  const registry = {
    transactor,
    target,
    trained,
    rules,
    repositories,
    wakeOutbox: () => wake('outbox'),
    pulls: createMergedPulls(forge),
  };
  const runner = new ReleaseRunner({
    ...registry,
    announcer: hub,
    clock,
    log,
    endpointTimeout: 20 * 60_000,
  });
  const releases = new Releases({
    ...registry,
    announcer: hub,
    clock,
    wake: () => wake('releases'),
  });
  const merges = new Merges({ ...registry, releases, clock });

  // What is trained, and what is said about it.
  const workspace = createTrainingWorkspace(workspaces.http, tokens, clock);
  const remote = createRemoteViews({ workspace, clock, log });
  const loop = createTrainingLoop({
    transactor,
    clock,
    log,
    bot,
    forge,
    repositories,
    people: { sessions, access },
    workspace,
    nonceOf: (token) => runNonce(configuration.encryptionKey, token),
    bindings: configuration.bindings,
    answering: workspaces.answering,
    timeOf: workspaces.timeOf,
    champions: catalogue,
    promotions: merges,
    sends: {
      promote: ({ repository, pull }) =>
        merges.promote({ repository: Number(repository), pull: Number(pull) }),
    },
    announcer: hub,
    wake,
    webhook: {
      secret: configuration.gitea.webhookSecret,
      limit: configuration.rateLimits?.deliveries ?? defaultRateLimits.deliveries,
    },
  });

  const upkeep = new Upkeep({
    tables: [
      (rows) => transactor.transaction(({ deliveries }) => deliveries.forget(rows)),
      (rows) => transactor.transaction(({ outbox }) => outbox.forget(rows)),
    ],
    clock,
    log,
  });

  return {
    access,
    catalogue,
    configurations: loop.configurations,
    connections,
    /** By the names of their leases. */
    duties: { releases: runner, upkeep, ...loop.duties },
    hub,
    intake: loop.intake,
    issuer,
    metrics,
    parked: loop.parked,
    releases,
    remote,
    sessions,
    signIn,
    situations: loop.situations,
    stores,
    training: loop.training,
    workspaces,
  };
}

export type Rooms = ReturnType<typeof createRooms>;

/** What the repository configuration says now about gates and merges. */
async function rulesOf(configurations: Configurations, repository: BoundRepository) {
  const known = await configurations.known(repository);
  if (known.state !== 'ok') return null;
  const { metrics, release } = known.configuration;
  return { onMerge: release.onMerge, gates: metrics.gates, primary: metrics.primary };
}
