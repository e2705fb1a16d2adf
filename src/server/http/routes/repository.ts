import { Type } from 'typebox';
import type { Production } from '../../../contract/release.ts';
import { RepositoryView } from '../../../contract/repository.ts';
import type { Access } from '../../permission/access.ts';
import type { BoundRepository } from '../../permission/bound-repository.ts';
import type { App } from '../application.ts';
import type { ConnectionOf } from '../needs-databricks.ts';
import { asOfThen } from '../needs-databricks.ts';

/** Ports: what the rooms contribute to the overview of a repository. */
export interface RepositoryOverviewSources {
  /** Of training: the configuration of the default branch as last read. */
  configuration(repository: BoundRepository): Promise<RepositoryView['configuration']>;
  /** Of training. */
  runCounts(repositoryId: number): Promise<Pick<RepositoryView['counts'], 'runs' | 'active'>>;
  /** Of the registry. */
  releaseCounts(
    repository: BoundRepository,
  ): Promise<Pick<RepositoryView['counts'], 'versions' | 'releases'>>;
  /**
   * Of the registry: what production serves now (null where nothing was released yet), and when that was read, where
   * it is not of now (ISO 8601).
   */
  production(access: Access): Promise<{ production: Production | null; asOf: string | null }>;
  connection: ConnectionOf;
}

/** `repositories/{id}`: what the head of the tab and the sidebar show, in one answer. */
export function repositoryRoutes(app: App, sources: RepositoryOverviewSources): void {
  app.get(
    '/repositories/:repository',
    {
      schema: {
        summary: 'A repository, its permissions and its production',
        params: Type.Object({ repository: Type.Integer() }),
        response: { 200: RepositoryView },
      },
    },
    async ({ access }) => {
      const { repository, train, release, audit, administer } = access;
      const [configuration, runs, releases, { production, asOf }] = await Promise.all([
        sources.configuration(repository),
        sources.runCounts(repository.id),
        sources.releaseCounts(repository),
        sources.production(access),
      ]);
      // Last: these may be the first to notice that it does not answer.
      const connection = await sources.connection(repository.workspace.name);
      return {
        id: repository.id,
        fullName: repository.fullName,
        url: repository.url,
        productionBranch: repository.productionBranch,
        binding: repository.binding.id,
        workspace: { name: repository.workspace.name, host: repository.workspace.host },
        connection: asOfThen(connection, asOf),
        configuration,
        permissions: { train, release, audit, administer },
        production,
        counts: { ...runs, ...releases },
      };
    },
  );
}
