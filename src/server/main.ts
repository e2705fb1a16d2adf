/**
 * Wires the rooms: the only place that knows every adapter. It is longer than other modules because it is a list;
 * nothing is decided here.
 */
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { collectDefaultMetrics, Registry as MetricsRegistry } from 'prom-client';
import type { ChangeEvent } from '../contract/event.ts';
import { ChainVerifier } from './audit/verifier.ts';
import { createCommandAnswers } from './command/answers.ts';
import { Commands } from './command/commands.ts';
import { MissedCommands } from './command/missed-commands.ts';
import { createReactions } from './command/reactions.ts';
import { loadServerConfiguration, secretsOf } from './config/load-server-configuration.ts';
import { parseRepositoryConfiguration } from './config/parse-repository-configuration.ts';
import { createCallMetrics } from './databricks/call-metrics.ts';
import { createConnections } from './databricks/connections.ts';
import { createReleaseTarget } from './databricks/release-target.ts';
import { createTokenExchange } from './databricks/token-exchange.ts';
import { createTrainingWorkspace } from './databricks/training-workspace.ts';
import { createWorkspaces } from './databricks/workspaces.ts';
import type { Clock } from './duty/clock.ts';
import { systemClock } from './duty/clock.ts';
import { LeaseKeeper } from './duty/keeper.ts';
import { within } from './duty/within.ts';
import { EventHub } from './events/hub.ts';
import { createGiteaComments } from './gitea/gitea-comments.ts';
import { createGiteaForge } from './gitea/gitea-forge.ts';
import { GiteaHttp } from './gitea/gitea-http.ts';
import { createGiteaReportTarget } from './gitea/gitea-report-target.ts';
import { createMergedPulls } from './gitea/merged-pulls.ts';
import { createGiteaSignIn } from './gitea/oauth.ts';
import { createRepositoryDirectory } from './gitea/repository-directory.ts';
import { createUserGitea } from './gitea/user-client.ts';
import { createApp } from './http/app.ts';
import { createLog } from './http/log.ts';
import { ProblemError } from './http/problem.ts';
import { defaultRateLimits } from './http/rate-limits.ts';
import { RefusedCallers } from './http/refused-callers.ts';
import { auditRoutes } from './http/routes/audit.ts';
import { authRoutes } from './http/routes/auth.ts';
import { eventRoutes } from './http/routes/events.ts';
import { healthRoutes } from './http/routes/health.ts';
import { issuerRoutes } from './http/routes/issuer.ts';
import { modelRoutes } from './http/routes/models.ts';
import { outboxRoutes } from './http/routes/outbox.ts';
import { pullRoutes } from './http/routes/pulls.ts';
import { releaseRoutes } from './http/routes/releases.ts';
import type { RepositoryOverviewSources } from './http/routes/repository.ts';
import { repositoryRoutes } from './http/routes/repository.ts';
import { runRoutes } from './http/routes/runs.ts';
import { sessionRoutes } from './http/routes/session.ts';
import { webhookRoutes } from './http/routes/webhook.ts';
import { measureWaiting } from './http/waiting-metrics.ts';
import { Issuer } from './identity/issuer.ts';
import { Sessions } from './identity/sessions.ts';
import { SignIn } from './identity/sign-in.ts';
import { createWorkspaceTokens } from './identity/workspace-tokens.ts';
import { Outbox } from './outbox/outbox.ts';
import { ParkedMessages } from './outbox/parked-messages.ts';
import { createAccessCheck } from './permission/access-check.ts';
import { createBoundRepositories } from './permission/bound-repositories.ts';
import type { BoundRepository } from './permission/bound-repository.ts';
import { createCommenterAccess } from './permission/commenter-access.ts';
import { createProviderTokens } from './provider/provider-tokens.ts';
import { Catalogue } from './registry/catalogue.ts';
import { Merges } from './registry/merges.ts';
import type { CurrentRules } from './registry/ports.ts';
import { ReleaseRunner } from './registry/release-runner.ts';
import { Releases } from './registry/releases.ts';
import { createPublisher } from './report/publisher.ts';
import { ReportCheck } from './report/report-check.ts';
import { createSituations } from './report/situation.ts';
import { openServingStore } from './store/serving-store.ts';
import { createStores } from './store/stores.ts';
import { createTransactor } from './store/transactor.ts';
import type { Configurations } from './training/configurations.ts';
import { createConfigurations } from './training/configurations.ts';
import { createRepositoryOverview } from './training/overview.ts';
import { createRemoteViews } from './training/remote-views.ts';
import { runUrl } from './training/run-url.ts';
import { createTraining } from './training/training.ts';
import { createWebhookIntake } from './webhook/intake.ts';
import { DeliveryWorker } from './webhook/worker.ts';

export interface BackendOptions {
  /** `gitea-databricks.yml` */
  configFile: string;
  /** pino level; `info` by default. */
  logLevel?: string;
  /** Where the log goes; standard output by default. */
  logFile?: string;
  /** The machine's by default. */
  clock?: Clock;
}

/** A backend that listens. */
export interface Backend {
  /** The public URL, with a trailing slash. */
  url: string;
  close(): Promise<void>;
}

const userAgent = 'gitea-databricks/0.1.0';
const discoverEvery = 60_000;
/** How long a start waits for Gitea's list of repositories before it answers all the same, milliseconds. */
const discoverPatience = 2_000;
/**
 * A stop, in milliseconds since it was asked for: until then what is under way may end by itself; then calls to the
 * outside are broken off; and at last whatever still has not ended is left behind, for the next start to go on with.
 */
const stop = { breakOff: 3_000, leaveBehind: 4_500 };
const configurationFile = '.gitea/databricks.yml';

/**
 * Starts everything: the store, the rooms, what goes on in the background, and last the HTTP server.
 *
 * @throws ConfigurationError when the configuration is wrong; a plain error when the database or port cannot be had
 */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const configuration = loadServerConfiguration(options.configFile);
  const { clock = systemClock } = options;
  const destination = options.logFile === undefined ? undefined : pino.destination(options.logFile);
  const log = createLog(options.logLevel ?? 'info', secretsOf(configuration), destination);
  const store = await openServingStore(configuration.database, {
    failed: (err) => log.warn({ err }, 'the store failed in the background'),
    clock,
  });
  const { bus, leases } = store;
  const transactor = createTransactor(store.db, createStores);
  const { stores } = transactor;
  /** Breaks off what waits for Gitea or Databricks. */
  const stopping = new AbortController();

  const sealed = { transactor, encryptionKey: configuration.encryptionKey };
  const cookie = {
    path: new URL(configuration.publicUrl).pathname,
    secure: configuration.publicUrl.startsWith('https:'),
  };
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
      signal: stopping.signal,
    }),
    audit: { append: (draft) => transactor.transaction(({ audit }) => audit.append(draft)) },
  });

  const bot = new GiteaHttp({
    url: configuration.gitea.internalUrl,
    token: configuration.gitea.token,
    userAgent,
    signal: stopping.signal,
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
    gitea: createUserGitea(configuration.gitea.internalUrl, userAgent),
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
    signal: stopping.signal,
    observer(workspace) {
      const counted = callMetrics(workspace);
      return {
        ...counted,
        answered: () => connections.answered(workspace),
        silent: (silence) => connections.silent(workspace, silence),
        turned(open) {
          counted.turned?.(open);
          // What waited meanwhile is looked at now, within the budgets.
          if (!open) training.wake();
        },
      };
    },
  });

  // What is in production, and how it changes.
  const target = createReleaseTarget(workspaces.http, tokens);
  const trained = stores.trainedVersions;
  const rules: CurrentRules = (repository) => rulesOf(configurations, repository);
  const catalogue = new Catalogue({ transactor, target, trained, rules, freshness: 5_000, clock });
  // Whatever backend announced it: what this one remembers is old, too.
  bus.subscribe('change', (payload) => {
    const { kind } = JSON.parse(payload) as ChangeEvent;
    if (kind === 'release' || kind === 'run') catalogue.expire();
  });
  /** Whichever backend does the duty now has something to do. */
  const waker = (duty: string) => () => bus.publish({ topic: 'wake', payload: duty });
  const wakeOutbox = waker('outbox');
  const registry = {
    transactor,
    target,
    trained,
    rules,
    repositories,
    wakeOutbox,
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
    wake: waker('releases'),
  });
  const merges = new Merges({ ...registry, releases });

  // What is trained, and what is said about it.
  const workspace = createTrainingWorkspace(workspaces.http, tokens, clock);
  const remote = createRemoteViews({ workspace, clock, log });
  const configurations = createConfigurations({
    forge,
    transactor,
    parse: parseRepositoryConfiguration,
    file: configurationFile,
    announcer: hub,
  });
  const reportTarget = createGiteaReportTarget(bot);
  const comments = createGiteaComments(bot, reportTarget.ownId);
  const reportCheck = new ReportCheck({ transactor, target: reportTarget, wake: wakeOutbox, log });
  const missedCommands = new MissedCommands({
    transactor,
    comments,
    handle: (intent, at) => commands.handle(intent, at),
    tooLate: (intent, at) => commands.tooLate(intent, at),
    log,
  });
  const training = createTraining({
    transactor,
    repositories,
    forge,
    workspace,
    bindings: configuration.bindings,
    answering: workspaces.answering,
    time: clock,
    configurations,
    champions: catalogue,
    announcer: hub,
    wakeOutbox,
    wakeWatcher: (name) => bus.publish({ topic: 'wake', payload: `workspace:${name}` }),
    log,
    comments,
    checks: [reportCheck, missedCommands],
  });
  const situations = createSituations({
    forge,
    configurations,
    runs: stores.runs,
    promotions: merges,
    answers: createCommandAnswers(stores.commands),
    configurationFile,
  });
  const publisher = createPublisher({
    repositories,
    situations,
    target: reportTarget,
    runs: stores.runs,
    transactor,
    runUrl,
  });
  const outbox = new Outbox({
    transactor,
    log,
    workspaceOf: async (repository) => (await repositories.find(repository))?.workspace.name ?? '',
    answering: workspaces.answering,
    handlers: {
      status: publisher.status,
      report: publisher.report,
      reaction: createReactions({ repositories, react: comments.react }),
      ...training.messages,
      promote: ({ repository, pull }) =>
        merges.promote({ repository: Number(repository), pull: Number(pull) }),
    },
  });
  const parked = new ParkedMessages({ transactor, wake: wakeOutbox });
  const rateLimits = { ...defaultRateLimits, ...configuration.rateLimits };
  const intake = createWebhookIntake({
    limit: rateLimits.deliveries,
    secret: configuration.gitea.webhookSecret,
    transactor,
    wake: waker('deliveries'),
  });
  const commands = new Commands({
    transactor,
    repositories,
    comments,
    forge,
    access: createCommenterAccess({ sessions, access, collaborators: comments }),
    configurations,
    runs: stores.runs,
    actions: training.actions,
    wake: wakeOutbox,
  });
  const deliveries = new DeliveryWorker({
    transactor,
    handle: (intent, receivedAt) =>
      intent.kind === 'command' ? commands.handle(intent, receivedAt) : training.handle(intent),
    log,
  });

  const keeper = new LeaseKeeper(
    { leases, bus, clock, holder: randomUUID(), log },
    { deliveries, outbox, reconciler: training.reconciler, releases: runner, ...training.watchers },
  );

  // HTTP comes last: what answers is complete.
  let state: 'starting' | 'serving' | 'stopping' = 'starting';
  const refusedCallers = new RefusedCallers(stores.audit, (err) =>
    log.error({ err }, 'refused callers were not recorded'),
  );
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
  const app = await createApp({
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
          remote,
          models: catalogue,
          connection: overview.connection,
        }),
      (api) => pullRoutes(api, { situations, models: catalogue, connection: overview.connection }),
      (api) => modelRoutes(api, { catalogue, releases, connection: overview.connection }),
      (api) => releaseRoutes(api, { catalogue, releases, connection: overview.connection }),
      (api) => auditRoutes(api, { audit: stores.audit, verifier: new ChainVerifier(stores.audit) }),
      (api) => outboxRoutes(api, { parked, runs: stores.runs }),
      (api) => eventRoutes(api, { hub, access, sessions }),
    ],
    root: [
      (root) => authRoutes(root, { signIn, sessions, cookie, giteaUrl: configuration.gitea.url }),
      (root) => issuerRoutes(root, { issuer }),
      (root) => webhookRoutes(root, { intake, forgedLimit: rateLimits.forged }),
      (root) => healthRoutes(root, { ready, metrics }),
    ],
  });

  const repeat = setInterval(() => void discover(), discoverEvery);
  async function discover(): Promise<void> {
    await repositories
      .discover()
      .catch((err: unknown) => log.warn({ err }, 'Gitea could not be asked for its repositories'));
  }
  async function ready(): Promise<void> {
    if (state !== 'serving') throw new ProblemError('starting-up', 'The backend is not ready yet.');
    const unavailable = (cause: unknown) =>
      new ProblemError('store-unavailable', 'The database cannot be read and written.', { cause });
    // Leases are renewed all the time: the last time says whether anything can be written.
    if (keeper.failure !== null) throw unavailable(keeper.failure);
    await stores.outbox.counts().catch((cause: unknown) => {
      throw unavailable(cause);
    });
  }

  try {
    await app.listen({ ...configuration.listen });
    await within(clock, discoverPatience, discover());
    await keeper.start();
  } catch (error) {
    clearInterval(repeat);
    await keeper.stop();
    await refusedCallers.close();
    await app.close();
    await store.close();
    throw error;
  }
  state = 'serving';
  log.info({ publicUrl: configuration.publicUrl, listen: configuration.listen }, 'the backend serves');

  return {
    url: configuration.publicUrl,
    async close() {
      state = 'stopping';
      clearInterval(repeat);
      const callOff = clock.after(stop.breakOff, () => {
        stopping.abort();
        app.server.closeAllConnections();
      });
      // Viewers find another replica, or this one after its restart.
      hub.end();
      const drained = await within(clock, stop.leaveBehind, Promise.all([app.close(), keeper.stop()]));
      callOff();
      if (!drained) log.warn({}, 'what did not end in time was left behind; the next start goes on with it');
      stopping.abort();
      workspaces.close();
      await Promise.all([refusedCallers.close(), connections.settled()]);
      await store.close();
    },
  };
}

/** The model that a repository's configuration trains, as last read. */
async function modelOf(configurations: Configurations, repository: BoundRepository): Promise<string | null> {
  const known = await configurations.known(repository);
  return known.state === 'ok' ? known.configuration.model : null;
}

/** What the repository configuration says now about gates and merges. */
async function rulesOf(configurations: Configurations, repository: BoundRepository) {
  const known = await configurations.known(repository);
  if (known.state !== 'ok') return null;
  const { metrics, release } = known.configuration;
  return { onMerge: release.onMerge, gates: metrics.gates, primary: metrics.primary };
}
