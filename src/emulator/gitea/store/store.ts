import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type {
  ApplicationRow,
  CodeRow,
  CollaboratorRow,
  CommentRow,
  DeliveryRow,
  GrantRow,
  HookRow,
  ProtectionRow,
  PullRow,
  ReactionRow,
  RepositoryRow,
  ReviewRow,
  SecretRow,
  SessionRow,
  StatusRow,
  TeamMemberRow,
  TeamRepositoryRow,
  TeamRow,
  TokenRow,
  UserRow,
} from './rows.ts';
import type { Table } from './table.ts';
import { openTables } from './tables.ts';

/** Everything the forge remembers beside the git repositories. */
export interface Store {
  users: Table<UserRow>;
  teams: Table<TeamRow>;
  teamMembers: Table<TeamMemberRow>;
  teamRepositories: Table<TeamRepositoryRow>;
  repositories: Table<RepositoryRow>;
  collaborators: Table<CollaboratorRow>;
  pulls: Table<PullRow>;
  comments: Table<CommentRow>;
  reviews: Table<ReviewRow>;
  reactions: Table<ReactionRow>;
  statuses: Table<StatusRow>;
  hooks: Table<HookRow>;
  deliveries: Table<DeliveryRow>;
  tokens: Table<TokenRow>;
  applications: Table<ApplicationRow>;
  grants: Table<GrantRow>;
  codes: Table<CodeRow>;
  sessions: Table<SessionRow>;
  protections: Table<ProtectionRow>;
  secrets: Table<SecretRow>;
  /** Runs synchronous work in one transaction; inside another one it joins that. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Opens `forge.db` in a folder (made where missing); a second opening continues from it. */
export function openStore(dataDir: string): Store {
  mkdirSync(dataDir, { recursive: true });
  const database = new DatabaseSync(join(dataDir, 'forge.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
  const tables = openTables(database);
  return {
    ...tables,
    transaction(work) {
      if (database.isTransaction) return work();
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
}
