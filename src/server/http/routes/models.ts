import { Type } from 'typebox';
import { Problem } from '../../../contract/problem.ts';
import { ModelList, PlanRequest, Release, ReleasePlan, ReleaseRequest } from '../../../contract/release.ts';
import type { Catalogue } from '../../registry/catalogue.ts';
import type { Releases } from '../../registry/releases.ts';
import type { App } from '../application.ts';
import type { ConnectionOf } from '../needs-databricks.ts';
import { asOfThen, needsDatabricks } from '../needs-databricks.ts';
import { requesterOf } from './requester.ts';

const nothingReleased = 'so nothing can be released';
const ofRepository = Type.Object({ repository: Type.Integer() });
const ofModel = Type.Object({ repository: Type.Integer(), model: Type.String({ maxLength: 100 }) });

/** Models with their versions; plans and releases of one of them; lifting its hold. */
export function modelRoutes(
  app: App,
  services: { catalogue: Catalogue; releases: Releases; connection: ConnectionOf },
): void {
  const { catalogue, releases, connection } = services;

  app.get(
    '/repositories/:repository/models',
    {
      schema: { params: ofRepository, response: { 200: ModelList, default: Problem } },
    },
    async ({ access: { repository, release } }) => {
      const { models, asOf } = await catalogue.models(repository, release);
      return { models, connection: asOfThen(await connection(repository.workspace.name), asOf) };
    },
  );

  app.post(
    '/repositories/:repository/models/:model/plans',
    {
      schema: { params: ofModel, body: PlanRequest, response: { 200: ReleasePlan, default: Problem } },
    },
    async ({ access: { repository }, params, body }) =>
      needsDatabricks(repository, connection, nothingReleased, () =>
        releases.plan(repository, params.model, body),
      ),
  );

  app.post(
    '/repositories/:repository/models/:model/releases',
    {
      schema: { params: ofModel, body: ReleaseRequest, response: { 202: Release, default: Problem } },
    },
    async (request, reply) => {
      const { access, params, body } = request;
      const { kind, toVersion, digest } = body;
      const wanted = { kind, toVersion, digest, reason: body.reason?.trim() || null, approvals: [] };
      // What is true now is read before anything is written: while that cannot be, nothing is.
      const release = await needsDatabricks(access.repository, connection, nothingReleased, () =>
        releases.start(access.repository, params.model, wanted, requesterOf(request)),
      );
      return reply.code(202).send(await catalogue.release(access.repository, release.id));
    },
  );

  app.post(
    '/repositories/:repository/models/:model/hold/lift',
    {
      schema: { params: ofModel, response: { 204: Type.Null(), default: Problem } },
    },
    async (request, reply) => {
      await releases.liftHold(request.access.repository, request.params.model, requesterOf(request));
      return reply.code(204).send(null);
    },
  );
}
