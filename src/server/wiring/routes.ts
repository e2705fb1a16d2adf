/** What answers requests: routes over the rooms. */

import { ChainVerifier } from '../audit/verifier.ts';
import { createApp } from '../http/app.ts';
import type { App } from '../http/application.ts';
import { defaultRateLimits } from '../http/rate-limits.ts';
import type { RefusedCallers } from '../http/refused-callers.ts';
import { auditRoutes } from '../http/routes/audit.ts';
import { authRoutes } from '../http/routes/auth.ts';
import { eventRoutes } from '../http/routes/events.ts';
import { healthRoutes } from '../http/routes/health.ts';
import { issuerRoutes } from '../http/routes/issuer.ts';
import { modelRoutes } from '../http/routes/models.ts';
import { outboxRoutes } from '../http/routes/outbox.ts';
import { pullRoutes } from '../http/routes/pulls.ts';
import { releaseRoutes } from '../http/routes/releases.ts';
import type { RepositoryOverviewSources } from '../http/routes/repository.ts';
import { repositoryRoutes } from '../http/routes/repository.ts';
import { runRoutes } from '../http/routes/runs.ts';
import { sessionRoutes } from '../http/routes/session.ts';
import { webhookRoutes } from '../http/routes/webhook.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Configurations } from '../training/configurations.ts';
import { createRepositoryOverview } from '../training/overview.ts';
import type { Rooms, Surroundings } from './rooms.ts';

/**
 * @param ready rejects with a ProblemError while requests cannot be served
 */
export async function createHttp(
  rooms: Rooms,
  {
    configuration,
    log,
    refusedCallers,
    ready,
  }: Pick<Surroundings, 'configuration' | 'log'> & { refusedCallers: RefusedCallers; ready(): Promise<void> },
): Promise<App> {
  const {
    access,
    catalogue,
    configurations,
    connections,
    releases,
    sessions,
    signIn,
    situations,
    stores,
    training,
  } = rooms;
  const rateLimits = { ...defaultRateLimits, ...configuration.rateLimits };
  const cookie = {
    path: new URL(configuration.publicUrl).pathname,
    secure: configuration.publicUrl.startsWith('https:'),
  };
  const overview: RepositoryOverviewSources = {
    ...createRepositoryOverview({ configurations, runs: stores.runs }),
    async releaseCounts(repository) {
      const key = await modelOf(configurations, repository);
      const { versions, releases: count } = await catalogue.production(repository, key, { allowed: true });
      return { versions, releases: count };
    },
    async production({ repository, release }) {
      return await catalogue.production(repository, await modelOf(configurations, repository), release);
    },
    async connection(workspace) {
      const facts = await connections.current(workspace);
      return { state: facts?.state ?? 'ok', since: facts?.since ?? null, asOf: facts?.lastOkAt ?? null };
    },
  };
  return await createApp({
    publicUrl: configuration.publicUrl,
    giteaUrl: configuration.gitea.url,
    log,
    sessions,
    guard: { access, audit: stores.audit },
    refusedCallers,
    trustedProxies: configuration.trustedProxies,
    rateLimits,
    api: [
      (api) => sessionRoutes(api, { sessions, access, cookie }),
      (api) => repositoryRoutes(api, overview),
      (api) =>
        runRoutes(api, {
          runs: stores.runs,
          actions: training.actions,
          configurations,
          remote: rooms.remote,
          models: catalogue,
          connection: overview.connection,
        }),
      (api) => pullRoutes(api, { situations, models: catalogue, connection: overview.connection }),
      (api) => modelRoutes(api, { catalogue, releases, connection: overview.connection }),
      (api) => releaseRoutes(api, { catalogue, releases, connection: overview.connection }),
      (api) => auditRoutes(api, { audit: stores.audit, verifier: new ChainVerifier(stores.audit) }),
      (api) => outboxRoutes(api, { parked: rooms.parked, runs: stores.runs }),
      (api) => eventRoutes(api, { hub: rooms.hub, access, sessions }),
    ],
    root: [
      (root) => authRoutes(root, { signIn, sessions, cookie, giteaUrl: configuration.gitea.url }),
      (root) => issuerRoutes(root, { issuer: rooms.issuer }),
      (root) => webhookRoutes(root, { intake: rooms.intake, forgedLimit: rateLimits.forged }),
      (root) => healthRoutes(root, { ready, metrics: rooms.metrics }),
    ],
  });
}

/** The model that a repository's configuration trains, as last read. */
async function modelOf(configurations: Configurations, repository: BoundRepository): Promise<string | null> {
  const known = await configurations.known(repository);
  return known.state === 'ok' ? known.configuration.model : null;
}
