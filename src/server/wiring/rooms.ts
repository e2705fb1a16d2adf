/**
 * Wires the rooms to each other and to the adapters; nothing is decided here. It is longer than other modules because
 * it is a list.
 */

import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry as MetricsRegistry } from 'prom-client';
import type { ChangeEvent } from '../../contract/event.ts';
import { createCommandAnswers } from '../command/answers.ts';
import { Commands } from '../command/commands.ts';
import { MissedCommands } from '../command/missed-commands.ts';
import { createReactions } from '../command/reactions.ts';
import { parseRepositoryConfiguration } from '../config/parse-repository-configuration.ts';
import type { ServerConfiguration } from '../config/server-configuration.ts';
import { createCallMetrics } from '../databricks/call-metrics.ts';
import { createConnections } from '../databricks/connections.ts';
import { createReleaseTarget } from '../databricks/release-target.ts';
import { createTokenExchange } from '../databricks/token-exchange.ts';
import { createTrainingWorkspace } from '../databricks/training-workspace.ts';
import { createWorkspaces } from '../databricks/workspaces.ts';
import type { Clock } from '../duty/clock.ts';
import { EventHub } from '../events/hub.ts';
import { createGiteaComments } from '../gitea/gitea-comments.ts';
import { createGiteaForge } from '../gitea/gitea-forge.ts';
import { GiteaHttp } from '../gitea/gitea-http.ts';
import { createGiteaReportTarget } from '../gitea/gitea-report-target.ts';
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
import { Outbox } from '../outbox/outbox.ts';
import { ParkedMessages } from '../outbox/parked-messages.ts';
import { createAccessCheck } from '../permission/access-check.ts';
import { createBoundRepositories } from '../permission/bound-repositories.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { createCommenterAccess } from '../permission/commenter-access.ts';
import { createProviderTokens } from '../provider/provider-tokens.ts';
import { Catalogue } from '../registry/catalogue.ts';
import { Merges } from '../registry/merges.ts';
import type { CurrentRules } from '../registry/ports.ts';
import { ReleaseRunner } from '../registry/release-runner.ts';
import { Releases } from '../registry/releases.ts';
import { createPublisher } from '../report/publisher.ts';
import { ReportCheck } from '../report/report-check.ts';
import { createSituations } from '../report/situation.ts';
import type { ServingStore } from '../store/serving-store.ts';
import { createStores } from '../store/stores.ts';
import { createTransactor } from '../store/transactor.ts';
import type { Configurations } from '../training/configurations.ts';
import { createConfigurations } from '../training/configurations.ts';
import { createRemoteViews } from '../training/remote-views.ts';
import { runUrl } from '../training/run-url.ts';
import { createTraining } from '../training/training.ts';
import { createWebhookIntake } from '../webhook/intake.ts';
import { DeliveryWorker } from '../webhook/worker.ts';

export interface Surroundings {
  configuration: ServerConfiguration;
  store: ServingStore;
  clock: Clock;
  log: Logger;
  /** Breaks off what waits for Gitea or Databricks. */
  signal: AbortSignal;
}

export const userAgent = 'gitea-databricks/0.1.0';
const configurationFile = '.gitea/databricks.yml';

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
    timeOf: workspaces.timeOf,
    clock,
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
    clock,
    log,
    workspaceOf: async (repository) => (await repositories.find(repository))?.workspace.name ?? null,
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
  const parked = new ParkedMessages({ transactor, wake: wakeOutbox, clock: clock.now });
  const intake = createWebhookIntake({
    limit: configuration.rateLimits?.deliveries ?? defaultRateLimits.deliveries,
    secret: configuration.gitea.webhookSecret,
    transactor,
    wake: waker('deliveries'),
    clock: clock.now,
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
    clock,
    handle: (intent, receivedAt) =>
      intent.kind === 'command' ? commands.handle(intent, receivedAt) : training.handle(intent),
    log,
  });

  return {
    access,
    catalogue,
    configurations,
    connections,
    /** By the names of their leases. */
    duties: { deliveries, outbox, releases: runner, ...training.duties },
    hub,
    intake,
    issuer,
    metrics,
    parked,
    releases,
    remote,
    sessions,
    signIn,
    situations,
    stores,
    training,
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
