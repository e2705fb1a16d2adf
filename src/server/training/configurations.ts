import type { ConfigurationProblem } from '../../contract/repository.ts';
import type { RepositoryConfiguration } from '../config/repository-configuration.ts';
import type { Binding } from '../config/server-configuration.ts';
import type { Announcer } from '../events/announcer.ts';
import type { Forge } from '../gitea/forge.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Transactor } from '../store/transactor.ts';
import type { ConfigurationRecord, RepositoryMemoryStore } from './ports.ts';
import { textDigest } from './run-key.ts';

/** Port: reads the text of the file. */
export type ParseConfiguration = (
  text: string,
  binding: Binding,
) => { configuration: RepositoryConfiguration } | { problems: ConfigurationProblem[] };

export interface Configurations {
  /** Path of the configuration within a repository. */
  readonly file: string;
  /** From the head of the default branch, now; remembered for the panel. */
  read(repository: BoundRepository): Promise<ConfigurationRecord>;
  /** As read last; read when it never was. */
  known(repository: BoundRepository): Promise<ConfigurationRecord>;
  /** The file at another commit, to tell a pull request what is wrong with its change; null: it has none. */
  problemsAt(repository: BoundRepository, commit: string): Promise<ConfigurationProblem[] | null>;
}

/** @param file path of the configuration within the repository */
export function createConfigurations(options: {
  forge: Forge;
  transactor: Transactor<{ memory: RepositoryMemoryStore }>;
  parse: ParseConfiguration;
  file: string;
  announcer: Announcer;
}): Configurations {
  const { forge, transactor, parse, file, announcer } = options;
  const { memory } = transactor.stores;

  async function load(repository: BoundRepository): Promise<ConfigurationRecord> {
    const branch = await forge.branch(repository, repository.defaultBranch);
    if (!branch) return { state: 'missing', commit: null };
    const text = await forge.file(repository, file, branch.head);
    if (text === null) return { state: 'missing', commit: branch.head };
    const where = { commit: branch.head, digest: textDigest(text) };
    const parsed = parse(text, repository.binding);
    if ('problems' in parsed) return { state: 'invalid', ...where, problems: parsed.problems };
    return { state: 'ok', ...where, configuration: parsed.configuration };
  }

  async function read(repository: BoundRepository): Promise<ConfigurationRecord> {
    const record = await load(repository);
    const before = await memory.configuration(repository.id);
    if (JSON.stringify(before) !== JSON.stringify(record)) {
      await transactor.transaction((stores) => stores.memory.rememberConfiguration(repository.id, record));
      announcer.announce({ repository: repository.id, kind: 'configuration', id: '', pulls: [] });
    }
    return record;
  }

  return {
    file,
    read,
    async known(repository) {
      return (await memory.configuration(repository.id)) ?? (await read(repository));
    },
    async problemsAt(repository, commit) {
      const text = await forge.file(repository, file, commit);
      if (text === null) return null;
      const parsed = parse(text, repository.binding);
      return 'problems' in parsed ? parsed.problems : [];
    },
  };
}
