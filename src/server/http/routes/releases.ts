import { Type } from 'typebox';
import { Problem } from '../../../contract/problem.ts';
import { Release, ReleaseList } from '../../../contract/release.ts';
import type { Catalogue } from '../../registry/catalogue.ts';
import type { Releases } from '../../registry/releases.ts';
import type { App } from '../application.ts';
import type { ConnectionOf } from '../needs-databricks.ts';
import { needsDatabricks } from '../needs-databricks.ts';
import { requesterOf } from './requester.ts';

const ofRepository = Type.Object({ repository: Type.Integer() });
const ofRelease = Type.Object({ repository: Type.Integer(), release: Type.String({ maxLength: 40 }) });

/** The history of releases; one release; finishing or undoing a half-done one. */
export function releaseRoutes(
  app: App,
  services: { catalogue: Catalogue; releases: Releases; connection: ConnectionOf },
): void {
  const { catalogue, releases, connection } = services;

  app.get(
    '/repositories/:repository/releases',
    {
      schema: { params: ofRepository, response: { 200: ReleaseList, default: Problem } },
    },
    async ({ access }) => catalogue.releases(access.repository, access.release),
  );

  app.get(
    '/repositories/:repository/releases/:release',
    {
      schema: { params: ofRelease, response: { 200: Release, default: Problem } },
    },
    async ({ access, params }) => catalogue.release(access.repository, params.release),
  );

  const done = { finish: 'finished', undo: 'undone' };
  for (const how of ['finish', 'undo'] as const) {
    app.post(
      `/repositories/:repository/releases/:release/${how}`,
      {
        schema: { params: ofRelease, response: { 202: Release, default: Problem } },
      },
      async (request, reply) => {
        const { access, params } = request;
        await needsDatabricks(access.repository, connection, `so it cannot be ${done[how]} now`, () =>
          releases.resolve(access.repository, params.release, how, requesterOf(request)),
        );
        return reply.code(202).send(await catalogue.release(access.repository, params.release));
      },
    );
  }
}
