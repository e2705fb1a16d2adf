/** Wires what goes from a delivery of Gitea to a trained model and back into the pull request. */

import { createCommandAnswers } from '../command/answers.ts';
import { Commands } from '../command/commands.ts';
import { MissedCommands } from '../command/missed-commands.ts';
import { createReactions } from '../command/reactions.ts';
import {
  parseRepositoryConfiguration,
  repositoryConfigurationFile,
} from '../config/parse-repository-configuration.ts';
import type { Clock } from '../duty/clock.ts';
import type { Forge } from '../gitea/forge.ts';
import { createGiteaComments } from '../gitea/gitea-comments.ts';
import type { GiteaHttp } from '../gitea/gitea-http.ts';
import { createGiteaReportTarget } from '../gitea/gitea-report-target.ts';
import type { Send } from '../outbox/attempt.ts';
import { Outbox } from '../outbox/outbox.ts';
import { ParkedMessages } from '../outbox/parked-messages.ts';
import type { OutboxTopic } from '../outbox/ports.ts';
import type { BoundRepositories } from '../permission/bound-repository.ts';
import { createCommenterAccess } from '../permission/commenter-access.ts';
import type { PromotionNotes } from '../report/ports.ts';
import { createPublisher } from '../report/publisher.ts';
import { ReportCheck } from '../report/report-check.ts';
import { createSituations } from '../report/situation.ts';
import type { Stores } from '../store/stores.ts';
import type { Transactor } from '../store/transactor.ts';
import { createConfigurations } from '../training/configurations.ts';
import { runUrl } from '../training/run-url.ts';
import type { TrainingDependencies } from '../training/training.ts';
import { createTraining } from '../training/training.ts';
import { createWebhookIntake } from '../webhook/intake.ts';
import { DeliveryWorker } from '../webhook/worker.ts';

export interface LoopSurroundings
  extends Pick<
    TrainingDependencies,
    'workspace' | 'nonceOf' | 'bindings' | 'answering' | 'timeOf' | 'champions' | 'announcer' | 'pollMs'
  > {
  transactor: Transactor<Stores>;
  clock: Clock;
  log: TrainingDependencies['log'];
  /** Gitea, as the bot. */
  bot: GiteaHttp;
  forge: Forge;
  repositories: BoundRepositories;
  /** Who is signed in, and what they may do. */
  people: Omit<Parameters<typeof createCommenterAccess>[0], 'collaborators'>;
  promotions: PromotionNotes;
  /** `promote` is the registry's; any other is sent so instead of as its room does. */
  sends: Record<'promote', Send> & Partial<Record<OutboxTopic, Send>>;
  /** Wakes a duty by its name, in whichever backend does it now. */
  wake(duty: string): void;
  /** `limit`: deliveries per minute and repository. */
  webhook: { secret: string; limit?: number };
}

/** Nothing runs before the duties are started. */
export function createTrainingLoop(surroundings: LoopSurroundings) {
  const { transactor, clock, log, bot, forge, repositories, announcer, wake } = surroundings;
  const { stores } = transactor;
  const wakeOutbox = () => wake('outbox');
  const reportTarget = createGiteaReportTarget(bot);
  const comments = createGiteaComments(bot, reportTarget.ownId);
  const configurations = createConfigurations({
    forge,
    transactor,
    parse: parseRepositoryConfiguration,
    file: repositoryConfigurationFile,
    announcer,
  });

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
    workspace: surroundings.workspace,
    nonceOf: surroundings.nonceOf,
    bindings: surroundings.bindings,
    answering: surroundings.answering,
    timeOf: surroundings.timeOf,
    clock,
    configurations,
    champions: surroundings.champions,
    announcer,
    wakeOutbox,
    wakeWatcher: (name) => wake(`workspace:${name}`),
    log,
    pollMs: surroundings.pollMs,
    comments,
    checks: [reportCheck, missedCommands],
  });
  const commands = new Commands({
    transactor,
    repositories,
    comments,
    forge,
    access: createCommenterAccess({ ...surroundings.people, collaborators: comments }),
    configurations,
    runs: stores.runs,
    actions: training.actions,
    wake: wakeOutbox,
  });

  const situations = createSituations({
    forge,
    configurations,
    runs: stores.runs,
    promotions: surroundings.promotions,
    answers: createCommandAnswers(stores.commands),
    configurationFile: repositoryConfigurationFile,
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
    answering: surroundings.answering,
    handlers: {
      status: publisher.status,
      report: publisher.report,
      reaction: createReactions({ repositories, react: comments.react }),
      ...training.messages,
      ...surroundings.sends,
    },
  });
  const parked = new ParkedMessages({ transactor, wake: wakeOutbox, clock: clock.now });

  const intake = createWebhookIntake({
    ...surroundings.webhook,
    transactor,
    wake: () => wake('deliveries'),
    clock: clock.now,
  });
  const deliveries = new DeliveryWorker({
    transactor,
    clock,
    handle: (intent, receivedAt) =>
      intent.kind === 'command' ? commands.handle(intent, receivedAt) : training.handle(intent),
    log,
  });

  return {
    commands,
    configurations,
    /** By the names of their leases. */
    duties: { deliveries, outbox, ...training.duties },
    intake,
    parked,
    situations,
    training,
  };
}
