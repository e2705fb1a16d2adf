import type { AuditStore } from '../audit/ports.ts';
import type { CommandStore } from '../command/ports.ts';
import type { ConnectionStore } from '../databricks/ports.ts';
import type { SessionStore } from '../identity/session-ports.ts';
import type { SigningKeyStore } from '../identity/signing-keys.ts';
import type { OutboxStore } from '../outbox/ports.ts';
import type { RepositoryStore } from '../permission/ports.ts';
import type { AnswerStore, ReleaseStore, TrainedVersions } from '../registry/ports.ts';
import type { ReportStore } from '../report/ports.ts';
import type { RepositoryMemoryStore, RunStore } from '../training/ports.ts';
import type { DeliveryStore } from '../webhook/ports.ts';
import { createAnswerStore } from './answer-store.ts';
import { createAuditStore } from './audit-store.ts';
import { createCommandStore } from './command-store.ts';
import { createConnectionStore } from './connection-store.ts';
import type { Connection } from './database.ts';
import { createDeliveryStore } from './delivery-store.ts';
import { createSigningKeyStore } from './key-store.ts';
import { createOutboxStore } from './outbox-store.ts';
import { createReleaseStore } from './release-store.ts';
import { createReportStore } from './report-store.ts';
import { createRepositoryMemoryStore } from './repository-memory-store.ts';
import { createRepositoryStore } from './repository-store.ts';
import { createRunStore } from './run-store.ts';
import { createSessionStore } from './session-store.ts';
import { createTrainedVersionStore } from './trained-version-store.ts';

/** Every store of every room, over one connection: what is written through one of these commits together. */
export interface Stores {
  deliveries: DeliveryStore;
  runs: RunStore;
  outbox: OutboxStore;
  reports: ReportStore;
  connections: ConnectionStore;
  memory: RepositoryMemoryStore;
  audit: AuditStore;
  repositories: RepositoryStore;
  commands: CommandStore;
  sessions: SessionStore;
  signingKeys: SigningKeyStore;
  releases: ReleaseStore;
  trainedVersions: TrainedVersions;
  answers: AnswerStore;
}

/** @param now the clock that stamps rows */
export function createStores(connection: Connection, now: () => Date = () => new Date()): Stores {
  return {
    deliveries: createDeliveryStore(connection),
    runs: createRunStore(connection),
    outbox: createOutboxStore(connection, now),
    reports: createReportStore(connection, now),
    connections: createConnectionStore(connection),
    memory: createRepositoryMemoryStore(connection),
    audit: createAuditStore(connection, now),
    repositories: createRepositoryStore(connection, now),
    commands: createCommandStore(connection, now),
    sessions: createSessionStore(connection),
    signingKeys: createSigningKeyStore(connection),
    releases: createReleaseStore(connection),
    trainedVersions: createTrainedVersionStore(connection),
    answers: createAnswerStore(connection),
  };
}
